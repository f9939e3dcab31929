"""Every check of the doctor finds what it is for, says how to mend it, and tells no secret."""

import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from made import EMA_CROSS, ROOT
from servers import execute, in_database

from kernel.errors import DatabaseUnavailable
from service.config import MarketConfig, load_config
from service.doctor import machine, program, server, settings
from service.doctor.examine import examine
from service.embedded.client import join
from service.streams import stream_dir
from tests.cli.programs import answer, candled

CANARY = "hunter2-canary"


def states(found, check: str | None = None) -> list[str]:
    found = list(found)
    assert all(one.mend for one in found if one.state != "ok"), "what is wrong says how to mend it"
    return [one.state for one in found if check in {None, one.check}]


@pytest.mark.parametrize(("version", "state"), [((3, 10), "fail"), ((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "fail")])
def test_the_python_is_one_that_is_tested(version, state):
    assert states(program.python(version)) == [state]


LOCK = """
numpy==2.4.6 \\
    --hash=sha256:00
Typing_Extensions==4.16.0 \\
    --hash=sha256:00
tzdata==2026.6 ; sys_platform == 'win32' \\
    --hash=sha256:00
pandas==3.1.1 ; python_version < '3.12' \\
pandas==3.2.0 ; python_version >= '3.12' \\
"""
EXACT = {"numpy": "2.4.6", "typing-extensions": "4.16.0", "of-my-own": "1"}


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        (EXACT, ["ok"]),
        (EXACT | {"pandas": "3.2.0"}, ["ok"]),
        (EXACT | {"pandas": "3.0.0"}, ["warn"]),
        (EXACT | {"numpy": "2.4.5"}, ["warn"]),
        ({"typing.extensions": "4.16.0"}, ["fail"]),
        ({}, ["fail"]),
    ],
)
def test_packages_are_held_to_the_lock(tmp_path, installed, expected):
    lock = tmp_path / "core.lock"
    lock.write_text(LOCK)
    assert states(program.packages(lock, installed)) == expected


def test_the_lock_of_this_checkout_is_found_and_read():
    lock = program.find_lock()
    assert lock == ROOT / "requirements" / "core.lock"
    (found,) = program.packages(lock)
    assert found.state in {"ok", "warn"}, found.said


@pytest.mark.parametrize(("mib", "state"), [(100, "fail"), (255, "fail"), (256, "warn"), (2047, "warn"), (2048, "ok")])
def test_the_disk_has_room(tmp_path, mib, state):
    assert states(machine.data_dir(tmp_path, lambda _: mib << 20), "disk") == [state]


def test_a_data_directory_is_ours_alone(tmp_path):
    plenty = {"free_bytes": lambda _: 1 << 40}
    assert states(machine.data_dir(tmp_path / "a" / "b", **plenty)) == ["ok", "ok"]
    assert not list(tmp_path.iterdir()), "looking makes nothing"
    tmp_path.chmod(0o777)
    assert states(machine.data_dir(tmp_path, **plenty), "data directory") == ["fail"]
    assert states(machine.data_dir(Path("/proc/candled"), **plenty)) == ["fail"]


@pytest.mark.parametrize(("told", "state"), [(0, "ok"), (1, "ok"), (5, "warn"), (-1, "warn")])
def test_the_clock_is_kept(told, state):
    assert states(machine.kept_clock(lambda: told)) == [state]


def test_the_clock_of_this_machine_can_be_asked():
    (found,) = machine.kept_clock()
    assert found.state in {"ok", "warn"}


@pytest.mark.parametrize(
    ("limit", "state"), [(255, "fail"), (256, "warn"), (1023, "warn"), (1024, "ok"), (resource.RLIM_INFINITY, "ok")]
)
def test_enough_files_may_be_open(limit, state):
    assert states(machine.open_files(limit)) == [state]


@pytest.mark.parametrize(
    ("environment", "state"),
    [
        ({"HOME": "{tmp}"}, "ok"),
        ({"CANDLED_CACHE_DIR": "{tmp}"}, "ok"),
        ({"CANDLED_CACHE_DIR": "/proc/candled"}, "warn"),  # a temporary folder takes its place
        ({"HOME": "{tmp}", "NUMBA_DISABLE_JIT": "1"}, "warn"),
    ],
)
def test_compiled_code_has_a_place_that_stays(tmp_path, environment, state):
    said = "from service.doctor.machine import compiled_code; print(*[one.state for one in compiled_code()])"
    environ = {"PATH": os.environ["PATH"]} | {
        name: value.format(tmp=tmp_path / "kept") for name, value in environment.items()
    }
    (tmp_path / "kept").mkdir()
    if "HOME" in environment or environment.get("CANDLED_CACHE_DIR", "").startswith("{"):
        environ["TMPDIR"] = str(tmp_path / "temporary")
        (tmp_path / "temporary").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", said], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [state]


def listening_config(listen: str):
    return load_config(EMA_CROSS, overrides=[f"metrics.listen='{listen}'"])


def test_an_address_that_is_taken_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        config = listening_config(address)
        assert states(settings.ports(config, tmp_path)) == ["fail"]
        place = stream_dir(tmp_path, "paper/1")
        place.mkdir(parents=True)
        endpoint = {"pid": os.getpid(), "api": "", "metrics": address, "stream": "paper/1", "run": ""}
        (place / "endpoint.json").write_bytes(msgspec.json.encode(endpoint))
        assert states(settings.ports(config, tmp_path)) == ["ok"], "our own daemon has it"
        (place / "endpoint.json").write_bytes(msgspec.json.encode(endpoint | {"pid": 2**22 + 1}))
        assert states(settings.ports(config, tmp_path)) == ["fail"], "a daemon that is gone has nothing"
        (place / "endpoint.json").write_bytes(b"{")
        assert states(settings.ports(config, tmp_path)) == ["fail"]
    assert states(settings.ports(config, tmp_path)) == ["ok"]
    assert states(settings.ports(listening_config("127.0.0.1:0"), tmp_path)) == []


def test_secrets_are_for_nobody_else(tmp_path):
    token = tmp_path / "operate"
    token.write_text(CANARY)
    token.chmod(0o600)
    place = stream_dir(tmp_path, "paper")
    place.mkdir(parents=True)
    (place / "read-token").write_text(CANARY)
    (place / "read-token").chmod(0o600)
    config = load_config(EMA_CROSS, overrides=[f"api.operate_token_file={token}"])
    assert states(settings.secret_files(config, tmp_path, {})) == ["ok"]
    token.chmod(0o644)
    (place / "read-token").chmod(0o604)
    found = list(settings.secret_files(config, tmp_path, {}))
    assert states(found) == ["fail", "fail"]
    assert CANARY not in str(found)


def test_a_configuration_that_does_not_decode_names_its_key(tmp_path):
    config, found = settings.configuration(EMA_CROSS, ["strategy.modle.kind=cross"], {})
    assert (config, found.state) == (None, "fail")
    assert "strategy.modle" in found.said
    assert "'model'" in found.mend
    config, found = settings.configuration(tmp_path / "none.toml", (), {})
    assert (config, found.state) == (None, "fail")


def test_markets_without_candles_are_told(tmp_path):
    config = load_config(EMA_CROSS)
    named = msgspec.structs.replace(config, markets=(MarketConfig("binance", "X/USDT", "1m"),))
    assert states(settings.markets(named, tmp_path)) == ["warn"]
    assert states(settings.markets(msgspec.structs.replace(config, markets=()), tmp_path)) == []


async def test_a_database_of_ours_is_fine(embedded):
    found = await server.server(embedded.url)
    assert states(found, "schema") == states(found, "database role") == states(found, "durability") == ["ok"]
    assert states(found, "database clock") == ["ok"]
    assert states(found, "database encryption") == [], "a socket needs none"


async def test_a_superuser_is_worth_knowing(external):
    assert states(await server.server(external.url), "database role") == ["warn"]


async def test_a_database_without_the_schema_is_told(external_server):
    name = await external_server.make_database()
    found = await server.server(in_database(external_server.admin_url, name))
    assert states(found, "schema") == ["fail"]
    assert "candled db upgrade" in [one.mend for one in found if one.check == "schema"]


async def test_a_schema_of_another_version_is_told(external_server):
    home = await external_server.make_home()
    for version, mend in (("0000", "candled db upgrade"), ("9999", "use a newer candled")):
        await home.forge(f"UPDATE candled.alembic_version SET version_num = '{version}'")
        found = await server.server(home.url)
        assert [(one.state, one.mend) for one in found if one.check == "schema"] == [("fail", mend)]


async def test_a_database_that_forgets_commits_is_told(external_server):
    home = await external_server.make_home()
    await execute(home.admin_url, f"ALTER DATABASE {home.name} SET synchronous_commit = off")
    found = [one for one in await server.server(home.url) if one.check == "durability"]
    assert states(found) == ["fail"]
    assert "synchronous_commit = off" in found[0].said


async def test_a_database_that_garbles_texts_is_told(external_server):
    name = f"ascii_{os.getpid()}"
    await execute(
        external_server.admin_url, f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
    )
    found = [
        one for one in await server.server(in_database(external_server.admin_url, name)) if one.check == "durability"
    ]
    assert states(found) == ["fail"]
    assert "server_encoding = SQL_ASCII" in found[0].said
    assert "ENCODING 'UTF8'" in found[0].mend


async def test_a_role_that_was_not_let_in_is_told(external_server):
    home = await external_server.make_home()
    role = f"stranger_{os.getpid()}"
    await execute(home.admin_url, f"CREATE ROLE {role} LOGIN PASSWORD '{CANARY}'")
    url = home.admin_url.replace(home.admin_url.split("//")[1].split("@")[0], f"{role}:{CANARY}")
    found = await server.server(url)
    assert [one.mend for one in found if one.check == "database role"] == [f"GRANT candled TO {role}"]
    wrong = await server.server(url.replace(CANARY, f"{CANARY}-wrong"))
    assert states(wrong) == ["fail"]
    assert CANARY not in str(found) + str(wrong)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://candled:{CANARY}@127.0.0.1:1/none",
        f"mysql://candled:{CANARY}@127.0.0.1/none",
        f"{CANARY}",
    ],
)
async def test_a_database_that_is_not_there_is_told(url):
    found = await server.server(url)
    assert states(found) == ["fail"]
    assert CANARY not in str(found)


@pytest.mark.parametrize(
    ("apart_s", "state"), [(0.0, "ok"), (-0.99, "ok"), (1.0, "warn"), (-9.9, "warn"), (10.0, "fail")]
)
def test_clocks_that_differ_are_told(apart_s, state):
    assert states([server._clocks(apart_s)]) == [state]


async def test_the_embedded_server_is_examined_where_it_was_started(tmp_path):
    (before,) = await server.embedded_server(tmp_path)
    assert before.state == "ok"
    assert not list(tmp_path.iterdir()), "looking starts nothing"
    with join(tmp_path):
        pass
    found = await server.embedded_server(tmp_path)
    assert states(found, "schema") == ["fail"], "no daemon has made it yet"
    assert states(found, "durability") == ["ok"]


async def test_no_server_programs_are_told(tmp_path, monkeypatch):
    def nothing(*_):
        raise DatabaseUnavailable("no PostgreSQL 15 or newer to run", fix="install one")

    monkeypatch.setattr(server, "find", nothing)
    assert states(await server.embedded_server(tmp_path)) == ["fail"]


async def test_a_configuration_that_fails_hides_no_other_finding(tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text("[")
    found = await examine(tmp_path, broken, database_url=None)
    assert states(found, "configuration") == ["fail"]
    assert {"python", "packages", "disk", "open files", "clock", "database"} <= {one.check for one in found}


def test_the_verb_answers_programs_and_exits_by_what_it_found(tmp_path):
    good = candled("doctor", "examples/ema_cross.toml", "--data-dir", tmp_path, "--json")
    assert answer(good)["ok"] is True
    assert good.returncode == 0
    url = f"postgresql://candled:{CANARY}@127.0.0.1:1/none"
    bad = candled("doctor", "--data-dir", tmp_path, "--json", CANDLED_DATABASE__URL=url)
    assert answer(bad)["ok"] is False
    assert bad.returncode == 1
    shown = candled("doctor", "--data-dir", tmp_path, CANDLED_DATABASE__URL=url)
    assert shown.returncode == 1
    assert CANARY not in bad.stdout + bad.stderr + shown.stdout + shown.stderr
