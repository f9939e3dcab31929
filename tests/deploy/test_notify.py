"""What the service manager hears, on a real datagram socket: by a path and by an abstract name."""

import asyncio
import os
import socket
import time
from contextlib import contextmanager, suppress

import pytest

from kernel.errors import UsageError
from service.daemon.notify import Notifier


class Manager:
    """The other end: what a service manager would have heard, datagram by datagram."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        found = []
        with suppress(BlockingIOError):
            while True:
                found.append(self._socket.recv(4096).decode())
        return found

    def close(self) -> None:
        self._socket.close()


@contextmanager
def listening(address: str):
    manager = Manager(address)
    try:
        yield manager
    finally:
        manager.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    address = str(tmp_path / "notify") if request.param == "path" else f"@candled-test-{os.getpid()}"
    with listening(address) as found:
        yield found


def test_a_life_is_told_in_the_managers_words(manager):
    notifier = Notifier.of({"NOTIFY_SOCKET": manager.address})
    notifier.starting("reading record 7 of 9", within_s=90)
    notifier.ready("turning")
    notifier.status("the database is away")
    notifier.stopping("SIGTERM")
    assert manager.heard() == [
        "EXTEND_TIMEOUT_USEC=90000000\nSTATUS=reading record 7 of 9",
        "READY=1\nSTATUS=turning",
        "STATUS=the database is away",
        "STOPPING=1\nSTATUS=SIGTERM",
    ]


def test_a_status_cannot_say_a_word_of_its_own(manager):
    Notifier(manager.address).status("fenced\nREADY=1\r\nMAINPID=1")
    (heard,) = manager.heard()
    assert heard.splitlines() == ["STATUS=fenced READY=1 MAINPID=1"]


def test_a_status_is_bounded(manager):
    Notifier(manager.address).status("x" * 100_000)
    (heard,) = manager.heard()
    assert len(heard) < 500


@pytest.mark.parametrize(
    ("environ", "watchdog_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),  # another process is to ping: we are its child
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdogs_patience_comes_from_the_environment(environ, watchdog_s):
    assert Notifier.of(environ).watchdog_s == watchdog_s


def test_pings_follow_health(manager):
    """Three or four pings a patience while healthy, none while not, and again when it is mended."""
    healthy = True

    async def watch() -> list[int]:
        nonlocal healthy
        task = asyncio.create_task(Notifier(manager.address, watchdog_s=0.3).keep_watchdog(lambda: healthy))
        counts = []
        for state in (True, False, True):
            healthy = state
            await asyncio.sleep(0.05)
            manager.heard()
            await asyncio.sleep(1.0)
            counts.append(len(manager.heard()))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return counts

    first, ill, again = asyncio.run(watch())
    assert first >= 3
    assert ill == 0
    assert again >= 3


def test_a_loop_that_hangs_does_not_ping(manager):
    async def hang() -> tuple[int, int]:
        task = asyncio.create_task(Notifier(manager.address, watchdog_s=0.15).keep_watchdog(lambda: True))
        await asyncio.sleep(0.01)
        before = len(manager.heard())
        time.sleep(0.5)  # noqa: ASYNC251 - a turn that never ends
        during = len(manager.heard())
        task.cancel()
        return before, during

    assert asyncio.run(hang()) == (1, 0)


def test_nobody_listening_is_no_error(tmp_path):
    with listening(str(tmp_path / "gone")) as manager:
        pass
    assert Notifier(manager.address).tell("READY=1") is False  # the socket is there, and nobody behind it
    assert Notifier(str(tmp_path / "never")).tell("READY=1") is False
    assert Notifier.of({}).tell("READY=1") is False


def test_a_manager_that_does_not_read_holds_nobody_up(manager, monkeypatch):
    monkeypatch.setattr("service.daemon.notify.SEND_S", 0.2)
    notifier = Notifier(manager.address)
    while notifier.tell("WATCHDOG=1"):  # until its queue is full
        pass
    begun = time.monotonic()
    assert notifier.tell("WATCHDOG=1") is False
    assert time.monotonic() - begun < 2


def test_an_address_of_another_kind_is_refused():
    with pytest.raises(UsageError, match="neither a path nor an abstract socket"):
        Notifier.of({"NOTIFY_SOCKET": "vsock:2:1234"})
