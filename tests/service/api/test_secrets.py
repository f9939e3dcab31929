"""The tokens are looked for in everything that leaves the daemon: answers, logs, records, files."""

import io
import logging

import pytest
import structlog

from service.api.client import Client
from service.api.endpoint import NoAnswer
from service.config_types import ApiConfig
from tests.service.api.serving import serving

READ, OPERATE = "canary-read-0123456789-0123456789abc", "canary-operate-0123456789-012345678"


def test_no_token_is_seen_anywhere(tmp_path, monkeypatch):
    for scope, token in (("read", READ), ("operate", OPERATE)):
        (tmp_path / f"{scope}-token").write_text(token)
        (tmp_path / f"{scope}-token").chmod(0o600)
    said, seen = io.StringIO(), []
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    with structlog.testing.capture_logs() as logged, serving(tmp_path, ApiConfig(listen="127.0.0.1:0")) as running:
        for token in (READ, OPERATE):
            bearer = f"Bearer {token}"
            asked = [
                running.get("/status"),
                running.get(f"/status?token={token}"),
                running.get(f"/{token}"),
                running.call(token, "/status"),
                running.get("/status", scope="", Authorization=f"Basic {token}"),
                running.get("/status", Host=token),
                running.get("/status", Origin=f"http://{token}"),
                running.get("/events", Last_Event_ID=token),
                running.post("/pause", {}, key=f"{token} {token}"),
                running.post(f"/orders/{token}/cancel"),
                running.post("/pause", {"actor": 1}, Authorization=bearer),
            ]
            for path in (f"/explain?at={token}", f"/events?types={token}"):
                assert token in running.get(path).json["error"]  # to whoever said it, and to nobody else
            assert token in running.post("/pause", {token: 1}).json["error"]
            raw = f"GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: {bearer}"
            seen += [f"{answer.headers}".encode() + answer.body for answer in asked]
            seen += [running.raw(f"{raw}\0\r\n\r\n".encode()), running.raw(f"{raw}\r\n: {token}\r\n\r\n".encode())]
            assert b" 400 " in seen[-1]
        running.daemon.kernel.state.account = None
        seen.append(running.get("/status").body)  # fails, and is logged with its trace
        address = running.address
    told = b"".join(seen) + said.getvalue().encode() + repr(logged).encode()
    for record in running.daemon.writer.records:
        told += record.payload
    logging.getLogger().removeHandler(handler)
    assert len(logged) > 25
    with pytest.raises(NoAnswer) as failed:
        Client(address, OPERATE).post("/pause", {}, key="k")
    told += f"{failed.value!r} {failed.value.fix}".encode()
    assert READ.encode() not in told
    assert OPERATE.encode() not in told


def test_they_are_told_to_whoever_hides_them(tmp_path):
    import asyncio

    from service.api.server import api
    from tests.service.api.daemon import Daemon, explain

    hidden = []

    async def serve():
        async with api(Daemon(), ApiConfig(), tmp_path, explain=explain, speed="max", hide=hidden.append):
            pass

    asyncio.run(serve())
    assert sorted(hidden) == sorted((tmp_path / f"{scope}-token").read_text().strip() for scope in ("read", "operate"))
