"""Secrets stay where they are: a word that is in each of them is looked for in everything that a daemon gives out."""

import os
import signal
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from service import loop
from tests.service.daemon.living import ask
from tests.service.daemon.place import Place
from tests.service.made import EMA_CROSS, dataset, walk
from tests.service.servers import execute, in_database

CANARY = "kanarienvogel"
TOKENS = {"read": f"read-{CANARY}-0123456789-0123456789", "operate": f"operate-{CANARY}-0123456789-0123456789"}
PATHS = (
    "/status", "/readyz", "/livez", "/openapi.json", "/positions", "/orders", "/decisions", "/modules", "/limits",
    "/log/head", "/explain?at=2022-01-01T01:00", "/nothing", f"/status?token={CANARY}",
)  # fmt: skip


@pytest.fixture(scope="module")
def url(embedded_server):
    """A role of its own for the daemon, whose password is the canary's."""
    home = loop.run(embedded_server.make_home())
    role = f"singer_{os.getpid()}"
    loop.run(execute(home.admin_url, f"CREATE ROLE {role} LOGIN PASSWORD '{CANARY}' IN ROLE candled"))
    parts = urlsplit(in_database(home.server.user_url, home.name))
    yield urlunsplit(parts._replace(netloc=f"{role}:{CANARY}@{parts.netloc.rpartition('@')[2]}"))
    loop.run(execute(home.server.admin_url, f"DROP ROLE {role}"))


def secret_file(directory: Path, name: str, content: str) -> Path:
    path = directory / name
    path.touch(mode=0o600)
    path.write_text(content + "\n")
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory, url):
    data_dir = tmp_path_factory.mktemp("canary")
    hook = secret_file(data_dir, "webhook", f"http://127.0.0.1:9/{CANARY}")
    files = {scope: secret_file(data_dir, scope, token) for scope, token in TOKENS.items()}
    overrides = (
        f"api.read_token_file={files['read']}",
        f"api.operate_token_file={files['operate']}",
        f"alerts.webhook_url_file={hook}",
    )
    return Place(data_dir, [dataset(data_dir, walk(4_000, 3))], EMA_CROSS, overrides, database_url=url)


def assert_silent(what, text):
    assert CANARY not in (text if isinstance(text, str) else text.decode(errors="replace")), what


def test_nothing_that_a_daemon_gives_out_has_a_secret_in_it(place):
    stream = place.new_stream()
    with place.living(stream, speed="6000") as living:
        endpoint = living.endpoint()
        for path in PATHS:
            assert_silent(path, ask(endpoint.api, path, TOKENS["read"]).replace(f"token={CANARY}".encode(), b""))
            assert_silent(path, ask(endpoint.api, path, f"wrong-{TOKENS['read']}"))
        assert_silent("metrics", ask(endpoint.metrics, "/metrics"))
        assert_silent("command line", Path(f"/proc/{living.process.pid}/cmdline").read_bytes())
        living.process.send_signal(signal.SIGTERM)
        code, out = living.answer()
        assert code == 0, living.said
    assert_silent("standard output", out)
    assert_silent("standard error", living.said)
    for record in place.records(stream):
        assert_silent(record.seq, record.payload)
    for path in place.data_dir.rglob("*"):
        if path.is_file() and path.parent != place.data_dir:
            assert_silent(path, path.read_bytes())


@pytest.mark.parametrize(
    "broken",
    [
        lambda url: url.replace(f":{CANARY}@", f":wrong-{CANARY}@"),
        lambda url: url.replace("postgresql://", "postgressql://"),
        lambda _url: f"postgresql://candled:{CANARY}@127.0.0.1:1/candled",
        lambda url: f"{url}&sslmode={CANARY}",
    ],
    ids=["a wrong password", "another protocol", "nobody there", "an option that is none"],
)
def test_a_database_that_refuses_is_told_of_without_its_secret(place, url, broken):
    environ = {"CANDLED_DATABASE__URL": broken(url)}
    with place.living(place.new_stream(), "--exit-at-end", env=environ) as living:
        code, out = living.answer()
    assert code in (1, 2)
    assert "error" in living.said
    assert "Traceback" not in living.said
    assert_silent("standard error", living.said)
    assert_silent("standard output", out)


def test_a_token_file_that_others_may_read_is_refused_without_a_word_of_it(place):
    path = secret_file(place.data_dir, "open", TOKENS["read"])
    path.chmod(0o644)
    with place.living(place.new_stream(), "--exit-at-end", "--set", f"api.read_token_file={path}") as living:
        code, out = living.answer()
    assert code == 2
    assert_silent("standard error", living.said)
    assert_silent("standard output", out)
