"""Who may come in, in which form, how much at once and how slowly: everybody else is told so, or is hung up on."""

import socket
import time
from contextlib import suppress

import msgspec
import pytest

from service.api.refusal import Problem
from tests.service.api.serving import serving


def problem(told) -> Problem:
    """Every refusal has the one form."""
    assert told.headers["Content-Type"] == "application/json"
    return msgspec.json.decode(told.body, type=Problem, strict=True)


@pytest.mark.parametrize("path", ["/status", "/openapi.json", "/events", "/nothing", "/pause", "/"])
@pytest.mark.parametrize(
    "given", [None, "", "Bearer ", "Bearer wrong", "Basic TOKEN", "TOKEN", "Bearer TOKEN x", "Bearer TOKE\xe9"]
)
def test_without_a_token_nothing_is_told(shared, path, given):
    token = shared.tokens["operate"]
    headers = {} if given is None else {"Authorization": given.replace("TOKEN", token)}
    told = shared.call("POST" if path == "/pause" else "GET", path, scope="", **headers)
    assert (told.status, problem(told).code) == (401, "no_token")
    assert told.headers["WWW-Authenticate"] == "Bearer"


def test_a_bearer_is_one_however_it_is_spelled(shared):
    for kind in ("Bearer", "bearer", "BEARER"):
        assert shared.get("/status", scope="", Authorization=f"{kind} {shared.tokens['read']}").status == 200


def test_whoever_reads_may_not_operate(served):
    for path in ("/pause", "/resume", "/reduce", "/flatten", "/cancel-all", "/orders/30/cancel", "/limits"):
        told = served.post(path, {"confirm": True}, scope="read")
        assert (told.status, problem(told).code) == (403, "scope")
    assert served.daemon.asked == []
    assert served.get("/status", scope="read").status == served.get("/status", scope="operate").status == 200


@pytest.mark.parametrize("host", ["localhost", "localhost:8700", "127.0.0.1", "127.0.0.1:1", "[::1]:9", "LOCALHOST"])
def test_names_of_this_machine(shared, host):
    assert shared.get("/status", Host=host).status == 200
    assert shared.get("/status", Host=host, Origin=f"http://{host.lower()}").status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "127.0.0.2", "0.0.0.0", "[::]", "[::1",
     "localhost:x", "localhost:", "x@localhost", "", None],
)  # fmt: skip
def test_other_names_are_not_served(shared, host):
    for path in ("/status", "/livez"):
        told = shared.get(path, Host=host)
        if host == "localhost:":  # an empty port is the default one
            assert told.status == 200
        else:
            assert told.status in (400, 403)
            assert problem(told).code in ("host", "not_http")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost", "http://localhost:1", ""])
def test_pages_of_other_origins_are_not_served(served, origin):
    told = served.post("/flatten", {"confirm": True}, Origin=origin)
    assert (told.status, problem(told).code, served.daemon.asked) == (403, "origin", [])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/status/", 404),
        ("GET", "/orders/1/cancel/2", 404),
        ("GET", "/orders//cancel", 404),
        ("GET", "/features/a%2Fb", 404),
        ("GET", "//status", 404),
        ("GET", "/pause", 405),
        ("POST", "/status", 405),
        ("DELETE", "/limits", 405),
        ("OPTIONS", "/status", 405),
        ("HEAD", "/status", 405),
        ("TRACE", "/status", 405),
        ("GET", "/status?x=1", 400),
        ("GET", "/orders?limit=0", 400),
        ("GET", "/orders?limit=ten", 400),
        ("GET", "/orders?limit=1&limit=2", 400),
        ("GET", "/decisions?limit=1001", 400),
        ("GET", "/events?types=NoSuchThing", 400),
        ("POST", "/orders/x/cancel", 400),
        ("POST", "/orders/0/cancel", 400),
        ("POST", "/orders/99999999999999999999/cancel", 400),
    ],
)
def test_what_is_not_there(shared, method, path, status):
    told = shared.call(method, path, {} if method == "POST" else None)
    assert told.status == status
    if method != "HEAD":
        assert problem(told).error
    assert ("Allow" in told.headers) == (status == 405)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content_Type": "text/plain"}, 415),
        (b"{}", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {"Content_Type": None}, 415),
        (b"{}", {"Content_Encoding": "gzip"}, 415),
        (b"{}", {"Content_Type": "application/json; charset=utf-8"}, 200),
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b'{"strategy": null}', {}, 400),
        (b'{"strategi": ""}', {}, 400),
        (b'{"actor": "\xff"}', {}, 400),
        (b'{"actor": "\\ud800"}', {}, 400),
        (b'{"actor": ' + b"[" * 60_000, {}, 400),
        (b'{"actor": "%b"}' % (b"x" * 70_000), {}, 413),
        (b"\x1f\x8b\x08\x00", {}, 400),
    ],
)
def test_a_command_is_small_json_with_known_keys(served, body, headers, status):
    told = served.post("/pause", body, **headers)
    assert told.status == status
    assert len(served.daemon.asked) == (status == 200)
    if status != 200:
        assert problem(told).fix


@pytest.mark.parametrize("key", [None, "", "two words", "x" * 65, "å", "a\tb"])
def test_a_command_needs_a_key(served, key):
    headers = {} if key is None else {"Idempotency_Key": key}
    told = served.post("/pause", key=None, **headers)
    assert told.status == 400
    assert problem(told).code in ("no_key", "idempotency-key")
    assert served.daemon.asked == []


def test_a_body_in_chunks_is_bounded_too(served):
    head = f"POST /pause HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {served.tokens['operate']}\r\n"
    head += "Idempotency-Key: k\r\nContent-Type: application/json\r\nConnection: close\r\n"
    head += "Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    assert b" 413 " in served.raw(head.encode() + chunk * 3 + b"0\r\n\r\n")
    assert b" 400 " in served.raw(head.encode() + b"zz\r\n{}\r\n0\r\n\r\n")
    assert b" 200 " in served.raw(head.encode() + b"2\r\n{}\r\n0\r\n\r\n")
    assert len(served.daemon.asked) == 1


@pytest.mark.parametrize(
    "said",
    [b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"GET\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: a\r\nHost b\r\n\r\n",
     b"GET /status HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
     b"GET /" + b"y" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
     b"GET /status HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 1_000 + b"\r\n",
     b"GET /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
     b"GET http://evil.example/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
     b"GET http:///\xff HTTP/1.1\r\nHost: localhost\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_http_gets_the_same_form_and_no_more(shared, said):
    told = shared.raw(said)
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert msgspec.json.decode(body, type=Problem).code in ("not_http", "no_token", "host")
    assert b"y" * 100 not in told
    assert shared.get("/status").status == 200


def test_two_requests_on_one_connection(shared):
    head = f"GET /livez HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {shared.tokens['read']}\r\n"
    assert shared.raw(f"{head}\r\n{head}Connection: close\r\n\r\n".encode()).count(b'{"alive":true}') == 2


@pytest.mark.parametrize("sent", [b"", b"GET /livez HT", b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", b"DRIP"])
def test_whoever_does_not_come_to_the_point_is_hung_up_on(tmp_path, logged, monkeypatch, sent):
    """Before its request, in the midst of it, after it; a byte at a time is no better."""
    monkeypatch.setattr("service.api.connections.HEAD_S", 0.5)
    with serving(tmp_path) as running, running.connect() as plug:
        began, drip = time.monotonic(), sent == b"DRIP"
        plug.sendall(b"" if drip else sent)
        plug.settimeout(0.05 if drip else 10)
        while True:
            try:
                if not plug.recv(4096):
                    break
                continue
            except TimeoutError:
                assert drip
            except OSError:
                break
            try:
                plug.sendall(b"G")
            except OSError:
                break
        assert time.monotonic() - began < 8


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path, logged, monkeypatch):
    monkeypatch.setattr("service.api.door.BODY_S", 0.3)
    with serving(tmp_path) as running:
        head = f"POST /pause HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {running.tokens['operate']}\r\n"
        head += "Idempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{"
        with running.connect() as plug:
            plug.sendall(head.encode())
            assert b" 408 " in plug.recv(4096)


def test_an_answer_that_nobody_takes_is_dropped(tmp_path, logged, monkeypatch):
    monkeypatch.setattr("service.api.door.TAKE_S", 0.3)
    with serving(tmp_path) as running, running.connect() as plug:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = (
            f"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {running.tokens['read']}\r\n\r\n"
        )
        plug.sendall(head.encode() * 200)  # 15 MB, if all came
        while [entry["route"] for entry in logged].count("/openapi.json") < 1:
            time.sleep(0.02)
        time.sleep(1)
        assert len(logged) < 200
        got = 0
        try:
            while part := plug.recv(65536):
                got += len(part)
        except OSError:
            pass
        assert got < 5_000_000
        assert running.get("/status").status == 200


def test_sixty_four_may_wait_and_no_more(tmp_path, logged):
    with serving(tmp_path) as running:
        plugs = [running.connect() for _ in range(64)]
        try:
            assert len(plugs) == 64
            time.sleep(0.2)
            with running.connect() as refused, suppress(ConnectionError):
                assert refused.recv(1) == b""
            plugs.pop().close()
            time.sleep(0.2)
            assert running.get("/livez", scope="").status == 200
        finally:
            for plug in plugs:
                plug.close()


def test_a_failure_of_ours_is_told_as_one_without_its_inside(served, logged):
    served.daemon.kernel.state.account = None
    told = served.get("/status")
    assert (told.status, problem(told).code) == (500, "failed")
    assert b"Traceback" not in told.body
    assert b"NoneType" not in told.body
    (failure,) = [entry for entry in logged if entry["event"] == "api_failed"]
    assert "NoneType" in str(failure["exc_info"])


def test_every_access_is_noted(served, logged):
    served.get("/status", scope="read")
    served.get("/livez", scope="")
    served.get("/nothing", scope="")
    served.post("/orders/30/cancel")
    noted = [tuple(entry[name] for name in ("method", "route", "scope", "status")) for entry in logged]
    assert noted == [
        ("GET", "/status", "read", 200), ("GET", "/livez", "", 200), ("GET", "", "", 401),
        ("POST", "/orders/{order}/cancel", "operate", 200),
    ]  # fmt: skip
    assert [entry["log_level"] for entry in logged] == ["info", "debug", "info", "info"]
