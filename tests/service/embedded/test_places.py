"""Where the data directory may be, and what is said where it may not."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.errors import DatabaseUnavailable
from service.embedded.client import join
from service.embedded.home import LOG_BYTES_MAX, Home, bound
from service.embedded.sockets import make_sockets, remove_sockets, sockets

from .processes import gone, keeper
from .test_join import query


def permissions(path: Path) -> dict[Path, tuple[int, int, int]]:
    found = {step: step.stat() for step in (path, *path.parents)}
    return {step: (status.st_mode, status.st_uid, status.st_gid) for step, status in found.items()}


def test_a_private_directory_works_and_no_permission_changes(empty_dir: Path):
    private = empty_dir / "private"
    private.mkdir(mode=0o700)
    data_dir = private / "candled-data"
    data_dir.mkdir(mode=0o755)
    tools = [Path(sys.executable).resolve(), Path(__file__)]
    before = [permissions(path) for path in (data_dir, *tools)]
    with join(data_dir) as server:
        assert query(server.url("candled_admin"), "SELECT 1") == [(1,)]
        assert [permissions(path) for path in (data_dir, *tools)] == before
    assert [permissions(path) for path in (data_dir, *tools)] == before
    assert gone(data_dir)


@pytest.mark.parametrize("name", ["d" * 120, "a,b", "a:b", "it's a % @ ünïcode dir"])
def test_a_path_that_sockets_or_urls_cannot_bear(data_dir: Path, name: str):
    moved = data_dir / name
    moved.mkdir()
    (data_dir / "postgres").rename(moved / "postgres")
    with join(moved) as server, join(moved) as other:
        assert query(server.url("candled_admin"), "SELECT 1") == [(1,)]
        assert other.url("candled") == server.url("candled")
        short = (moved / "postgres/run").resolve()
        assert not short.is_relative_to(data_dir)
        assert stat.S_IMODE(short.stat().st_mode) == 0o700
    assert not short.exists()
    assert gone(moved)


def test_the_short_directory_of_a_killed_keeper_is_removed_by_the_next(data_dir: Path):
    moved = data_dir / ("d" * 120)
    moved.mkdir()
    (data_dir / "postgres").rename(moved / "postgres")
    with join(moved):
        short = (moved / "postgres/run").resolve()
        os.kill(keeper(moved), 9)
        with join(moved):
            assert not short.exists()


def test_every_path_gets_an_address_that_can_be_bound(empty_dir: Path):
    linked = []
    for length in range(60, 130):
        home = Home(empty_dir / ("d" * (length - len(str(empty_dir)) - 1)))
        home.path.mkdir()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(make_sockets(home) / ".s.PGSQL.5432"))
        linked.append(home.run.is_symlink())
        remove_sockets(home)
    assert linked == sorted(linked)
    assert linked.count(False) == 30, "107 bytes less those of /run/.s.PGSQL.5432, from 60 on"


def test_a_copy_of_a_home_does_not_lead_to_the_originals_server(data_dir: Path):
    original, copy = Home(data_dir / ("o" * 120)), Home(data_dir / ("c" * 120))
    for home in (original, copy):
        home.path.mkdir()
    target = make_sockets(original)
    copy.run.symlink_to(target)
    assert sockets(original) == target
    assert sockets(copy) != target
    remove_sockets(copy)
    assert target.exists(), "the copy must leave the original's sockets alone"
    remove_sockets(original)


def test_two_spellings_of_a_directory_are_one_server(data_dir: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(data_dir.parent)
    link = data_dir / "link"
    link.symlink_to(data_dir)
    with join(data_dir) as server, join(link) as second, join(Path(data_dir.name)) as third:
        assert server.url("candled") == second.url("candled") == third.url("candled")


def test_a_cluster_of_a_newer_postgresql_is_refused_with_its_version(empty_dir: Path):
    (empty_dir / "postgres/data").mkdir(parents=True)
    (empty_dir / "postgres/data/PG_VERSION").write_text("99\n")
    with pytest.raises(DatabaseUnavailable, match="made by PostgreSQL 99") as caught:
        join(empty_dir)
    assert "install PostgreSQL 99" in caught.value.fix


def test_a_place_that_is_no_directory(empty_dir: Path):
    (empty_dir / "file").write_text("")
    with pytest.raises(DatabaseUnavailable, match="Not a directory") as caught:
        join(empty_dir / "file")
    assert "--data-dir" in caught.value.fix


@pytest.fixture
def small_disk(empty_dir: Path) -> Iterator[Path]:
    """A disk of 8 MB: too small for a cluster."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", empty_dir], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.decode().strip()}")
    yield empty_dir
    subprocess.run(["umount", empty_dir], check=True)


def test_a_full_disk_is_named_and_leaves_no_half_cluster(small_disk: Path):
    with pytest.raises(DatabaseUnavailable, match="No space left") as caught:
        join(small_disk)
    assert "free some space" in caught.value.fix
    assert gone(small_disk)
    assert not list((small_disk / "postgres").glob("data*"))


def test_logs_are_bounded(empty_dir: Path):
    log = empty_dir / "server.log"
    with log.open("ab") as writer:
        writer.write(b"x" * (LOG_BYTES_MAX + 1))
        writer.flush()
        bound(log)
        writer.write(b"next\n")
    assert log.read_bytes() == b"next\n"
    assert (empty_dir / "server.log.1").stat().st_size == LOG_BYTES_MAX + 1


def test_a_log_that_has_grown_is_bounded_at_the_next_start(data_dir: Path):
    (data_dir / "postgres/server.log").write_bytes(b"x" * (LOG_BYTES_MAX + 1))
    join(data_dir).close()
    assert (data_dir / "postgres/server.log").stat().st_size < 10_000
