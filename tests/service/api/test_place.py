"""Where the API listens, who may connect, and what becomes of a place that another process has."""

import socket
import time
from pathlib import Path

import pytest

from kernel.errors import ConfigError
from service.api.place import Port, bind, clear, identity, named, parse, short_name
from service.config_types import ApiConfig
from tests.service.api.serving import serving


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", Path("/default")),
        ("unix:/run/x.sock", Path("/run/x.sock")),
        ("127.0.0.1:8700", Port("127.0.0.1", 8700)),
        ("localhost:0", Port("127.0.0.1", 0)),
        ("[::1]:65535", Port("::1", 65535)),
    ],
)
def test_places(text, place):
    assert parse(text, default=Path("/default")) == place
    assert parse(named(place), default=Path()) == place


@pytest.mark.parametrize(
    "text", ["0.0.0.0:80", ":80", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:-1", "[::]:80", "unix:", "192.168.0.1:80",
             "example.org:80", "127.0.0.1:80 ", "localhost.:80"],
)  # fmt: skip
def test_no_other_machine_is_let_in(text):
    with pytest.raises(ConfigError, match="neither unix:PATH nor a port of the loopback"):
        parse(text, default=Path("/default"))


def test_the_socket_is_the_owners_alone(served):
    assert served.address == f"unix:{served.directory}/api.sock"
    assert (served.directory / "api.sock").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in served.directory.iterdir()) == ["api.sock", "operate-token", "read-token"]


def test_it_is_removed_at_the_end(tmp_path, logged):
    with serving(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["operate-token", "read-token"]


def test_a_directory_of_any_depth_will_do(tmp_path, logged):
    deep = tmp_path / ("d" * 100) / ("ü, :" * 20)
    deep.mkdir(parents=True)
    with serving(deep) as running:
        assert running.get("/status").status == 200
    assert not (deep / "api.sock").exists()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with short_name(deep / "x") as name:
        assert len(name) < 108
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_a_killed_owner_left_is_replaced(tmp_path, logged):
    left = bind(tmp_path / "api.sock")
    left.close()
    with serving(tmp_path) as running:
        assert running.get("/status").status == 200


def test_a_stopped_owner_that_goes_on_does_not_take_the_socket_away(tmp_path, logged):
    """It still listens, and nobody comes; at its end it removes what is its own."""
    path = tmp_path / "api.sock"
    with bind(path):
        own = identity(path)
        with serving(tmp_path) as running:
            assert running.get("/status").status == 200
            clear(path, own)
            assert running.get("/status").status == 200


def test_a_file_is_not_replaced(tmp_path):
    (tmp_path / "api.sock").write_text("precious")
    with pytest.raises(ConfigError, match="a file is there"):
        bind(tmp_path / "api.sock")
    assert (tmp_path / "api.sock").read_text() == "precious"


def test_a_place_that_cannot_be_had_is_an_error_at_once(tmp_path):
    with pytest.raises(ConfigError, match="cannot listen at unix:.*No such file"):
        bind(tmp_path / "none" / "api.sock")


def test_a_port(tmp_path, logged):
    with serving(tmp_path, ApiConfig(listen="127.0.0.1:0")) as running:
        place = parse(running.address, default=Path())
        assert place.host == "127.0.0.1"
        assert place.port > 0
        assert running.get("/status", Host=running.address).status == 200


def test_a_port_that_is_in_use_is_waited_for(tmp_path, logged, monkeypatch):
    monkeypatch.setattr("service.api.server.RETRY_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with serving(tmp_path, ApiConfig(listen=f"127.0.0.1:{port}")) as running:
            assert running.address == f"127.0.0.1:{port}"
            time.sleep(0.3)
            said = running.daemon.health.problems["api"]
            assert said.startswith(f"127.0.0.1:{port} is in use by another process")
            other.close()
            deadline = time.monotonic() + 5
            while not running.daemon.health.ready and time.monotonic() < deadline:
                time.sleep(0.05)
            assert running.get("/readyz").status == 200


def test_a_port_that_stays_in_use_keeps_nobody_from_ending(tmp_path, logged):
    with socket.create_server(("127.0.0.1", 0)) as other:
        began = time.monotonic()
        with serving(tmp_path, ApiConfig(listen=f"127.0.0.1:{other.getsockname()[1]}")):
            time.sleep(0.1)
        assert time.monotonic() - began < 5


def test_a_listener_is_taken_back_at_the_end(tmp_path, logged):
    with serving(tmp_path) as running:
        assert len(running.daemon.listeners) == 1
    assert running.daemon.listeners == []
