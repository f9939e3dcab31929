"""The container's health check: exit code 0 when the daemon that was ready last says that it is, by either address."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import UnixStreamServer

import msgspec
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "healthcheck.py"


class Answer(BaseHTTPRequestHandler):
    """/readyz answers what its server holds."""

    def do_GET(self):
        assert self.path == "/readyz"
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.said)

    def address_string(self):
        return "here"

    def log_message(self, *_):
        pass


class OverSocket(UnixStreamServer, HTTPServer):
    def server_bind(self):
        UnixStreamServer.server_bind(self)


@contextmanager
def daemon(data_dir: Path, kind: str, status: int, *, stream: str = "paper", since_s: int = 0):
    """Answers `status`, and has said where, `since_s` ago."""
    place = data_dir / "streams" / stream
    place.mkdir(parents=True)
    server = OverSocket(str(place / "s"), Answer) if kind == "unix" else HTTPServer(("127.0.0.1", 0), Answer)
    server.status, server.said = status, f"{stream}: {status}".encode()
    address = f"unix:{place / 's'}" if kind == "unix" else f"127.0.0.1:{server.server_port}"
    endpoint = place / "endpoint.json"
    endpoint.write_bytes(msgspec.json.encode({"pid": 1, "api": address, "metrics": "", "stream": stream}))
    os.utime(endpoint, (1_700_000_000 - since_s, 1_700_000_000 - since_s))
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    try:
        yield
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def check(data_dir: Path) -> tuple[int, str]:
    """As the image runs it: isolated, without site packages."""
    environ = {"CANDLED_DATA_DIR": str(data_dir)}
    done = subprocess.run(
        [sys.executable, "-I", "-S", SCRIPT], capture_output=True, text=True, env=environ, check=False, timeout=30
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


@pytest.mark.parametrize("kind", ["unix", "port"])
@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
def test_health_is_what_readyz_says(tmp_path, kind, status, code):
    with daemon(tmp_path, kind, status):
        assert check(tmp_path) == (code, f"paper: {status}")


def test_the_daemon_that_was_ready_last_is_asked(tmp_path):
    with daemon(tmp_path, "unix", 200, stream="old/1", since_s=60), daemon(tmp_path, "unix", 503, stream="new/1"):
        assert check(tmp_path) == (1, "new/1: 503")


@pytest.mark.parametrize("endpoint", [None, b"", b"{}", b'{"api": "unix:/none"}', b'{"api": "127.0.0.1:1"}'])
def test_no_answer_is_not_healthy(tmp_path, endpoint):
    if endpoint is not None:
        (tmp_path / "streams" / "paper").mkdir(parents=True)
        (tmp_path / "streams" / "paper" / "endpoint.json").write_bytes(endpoint)
    code, said = check(tmp_path)
    assert code == 1
    assert said
