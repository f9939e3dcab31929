"""A secret is read from a file that nobody else can read, and no message has a word of it."""

import os
from pathlib import Path

import pytest

from kernel.errors import ConfigError
from service import secret_files
from service.cli.options import Common
from service.config import load_config
from service.secret_files import read_secret

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "ema_cross.toml"
SECRET = "postgresql://daemon:hunter2@db.example/trading"


@pytest.fixture
def file(tmp_path):
    def write(content: bytes = SECRET.encode() + b"\n", mode: int = 0o600, folder: str = "mine"):
        path = tmp_path / folder / "database-url"
        path.parent.mkdir(exist_ok=True, mode=0o700)
        path.write_bytes(content)
        path.chmod(mode)
        return path

    return write


@pytest.mark.parametrize("content", [SECRET, f"{SECRET}\n", f"{SECRET}\r\n"])
def test_a_private_file_is_read(file, content):
    assert read_secret(file(content.encode())) == SECRET


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602])
def test_a_file_that_others_can_read_or_write_is_refused(file, mode):
    with pytest.raises(ConfigError, match="can be read by others") as caught:
        read_secret(file(mode=mode))
    assert caught.value.fix.startswith("chmod 600")


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"hunter2\nhunter3\n", b"hunter2 hunter3", b"hunter2\xff", b"x" * 70_000]
)
def test_a_file_with_anything_but_one_line_is_refused(file, content):
    with pytest.raises(ConfigError, match="does not hold the token") as caught:
        read_secret(file(content), what="the token")
    assert "hunter" not in str(caught.value) + caught.value.fix


@pytest.mark.parametrize("name", ["nothing", "."])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    with pytest.raises(ConfigError, match=f"the token cannot be read from {tmp_path / name}") as caught:
        read_secret(tmp_path / name, what="the token")
    assert "0600" in caught.value.fix


def test_credentials_of_systemd_are_trusted(file):
    """Its files are 0440, readable through an access list, in a directory that is for the service alone."""
    path = file(mode=0o440, folder="credentials")
    path.parent.chmod(0o500)
    with pytest.raises(ConfigError):
        read_secret(path, environ={})
    if os.geteuid() == 0:
        assert read_secret(path, environ={"CREDENTIALS_DIRECTORY": str(path.parent)}) == SECRET


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's directories are trusted")
def test_trust_ends_where_others_may_write(file, monkeypatch):
    path = file(mode=0o444, folder="secrets")
    monkeypatch.setattr(secret_files, "CONTAINER_SECRETS", path.parent)
    assert read_secret(path, environ={}) == SECRET
    path.chmod(0o664)
    with pytest.raises(ConfigError):
        read_secret(path, environ={})
    path.chmod(0o444)
    path.parent.chmod(0o777)
    with pytest.raises(ConfigError):
        read_secret(path, environ={})
    path.parent.chmod(0o755)
    os.chown(path.parent, 12345, 12345)
    with pytest.raises(ConfigError):
        read_secret(path, environ={})


def test_a_bare_name_is_a_credential_where_there_are_any(file, monkeypatch):
    path = file(folder="credentials")
    assert read_secret(Path("database-url"), environ={"CREDENTIALS_DIRECTORY": str(path.parent)}) == SECRET
    monkeypatch.chdir(path.parent)
    assert read_secret(Path("database-url"), environ={}) == SECRET


def test_a_configuration_takes_the_url_from_a_file(file):
    path = file()
    config = load_config(EXAMPLE, overrides=[f"database.url_file={path}"])
    assert config.database.url == SECRET
    config = load_config(EXAMPLE, environ={"CANDLED_DATABASE__ADMIN_URL_FILE": str(path)})
    assert config.database.admin_url == SECRET
    with pytest.raises(ConfigError, match=r"database\.url and database\.url_file are both given") as caught:
        load_config(EXAMPLE, overrides=[f"database.url_file={path}", f"database.url={SECRET}"])
    assert "hunter2" not in str(caught.value)


def test_an_option_takes_it_from_a_file_and_never_shows_it(file):
    common = Common(database_url_file=file())
    assert common.database_url == SECRET
    assert "hunter2" not in repr(common)
    with pytest.raises(ConfigError, match="others"):
        Common(database_url_file=file(mode=0o644))
