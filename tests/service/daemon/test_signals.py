"""The end of a daemon: a signal, what `on_stop` says, and a last note in the log; whatever else is the matter."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from kernel.messages import CancelAllOrders, SetTradingState
from kernel.money import ZERO
from service.embedded.client import join
from tests.service.daemon.living import until
from tests.service.daemon.place import Place, of_type
from tests.service.made import MEAN_REVERSION, dataset, walk

PACE = "6000"  # a hundred candles a second
HURRY_S = 30.0


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("signals")
    with join(data_dir):
        yield Place(data_dir, [dataset(data_dir, walk(3_000, 3))], MEAN_REVERSION)


@pytest.fixture
def stream(place):
    return place.new_stream()


@pytest.fixture
def manager():
    """A service manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(f"\0candled-test-{os.getpid()}-{time.monotonic_ns()}")
        bound.settimeout(HURRY_S)
        yield bound


def heard(manager, word):
    """All words up to those that come with this one."""
    said, deadline = list[str](), time.monotonic() + HURRY_S
    while word not in said:
        assert time.monotonic() < deadline, said
        said += manager.recv(4096).decode().splitlines()
    return said


def has_driver(pid):
    """It has the database's driver in memory: it is about to read its log, or reads it."""
    return b"asyncpg" in Path(f"/proc/{pid}/maps").read_bytes()


def holding(status):
    """Orders rest at the venue, beside a position."""
    return status.orders > 0 and status.positions > 0


@pytest.mark.parametrize(
    ("policy", "number"), [("keep", signal.SIGTERM), ("cancel", signal.SIGTERM), ("flatten", signal.SIGINT)]
)
def test_it_ends_as_it_is_told_to(place, stream, policy, number):
    with place.living(stream, "--set", f"daemon.on_stop={policy}", speed=PACE) as living:
        living.until(holding)
        asked = time.monotonic()
        assert living.stop(number) == 0, living.said
        assert time.monotonic() - asked < HURRY_S
        assert not (living.directory / "endpoint.json").exists()
    recorded = place.records(stream)
    stopped = of_type(recorded, "DaemonStopped")[-1]
    assert (stopped.reason, stopped.on_stop) == (number.name, policy)
    assert of_type(recorded[-1:], "DaemonStopped") == [stopped]
    place.lives(stream)  # it goes on
    later = place.records(stream)
    commands = of_type(later, "CancelAllOrders", "SetTradingState")
    if policy == "keep":
        assert stopped.open_orders > 0
        place.check(stream)  # as if nobody had stopped it
    elif policy == "cancel":
        assert stopped.open_orders == 0
        assert commands == [CancelAllOrders(commands[0].ts, commands[0].after, "", "", "daemon")]
    else:  # the way out is sent, and filled by the next candle; behind it nothing is sent until somebody resumes
        assert stopped.open_orders == 1
        assert commands == [
            SetTradingState(commands[0].ts, commands[0].after, "halted", "", flatten=True, actor="daemon")
        ]
        assert of_type(later[len(recorded) :], "OrderRequested") == []
        assert of_type(later, "PositionChanged")[-1].quantity == ZERO


def test_a_second_signal_ends_it_at_once_and_the_stream_goes_on(place, stream):
    with place.living(stream, speed=PACE) as living:
        living.until(holding)
        living.process.send_signal(signal.SIGTERM)
        living.process.send_signal(signal.SIGINT)
        assert living.process.wait(5) in (0, 128 + signal.SIGINT, 128 + signal.SIGTERM)
    place.check(stream, place.lives(stream))


def test_a_signal_during_recovery_is_obeyed(place, stream):
    """There is no snapshot: all is made again before it can end, and nothing is written that was not there."""
    assert place.lives(stream, "--set", "daemon.snapshot_every=0") == place.expected
    before = place.records(stream)
    with place.living(stream) as living:
        until(lambda: has_driver(living.process.pid))
        assert living.stop() in (0, -signal.SIGTERM)
    assert place.records(stream) == before
    assert place.lives(stream) == place.expected


def test_the_service_manager_is_told(place, stream, manager):
    environ = {"NOTIFY_SOCKET": f"@{manager.getsockname()[1:].decode()}", "WATCHDOG_USEC": "600000"}
    with place.living(stream, speed=PACE, env=environ) as living:
        before = heard(manager, "READY=1")
        assert not [word for word in before if word.startswith("STOPPING")]
        living.endpoint()
        heard(manager, "WATCHDOG=1")
        heard(manager, "WATCHDOG=1")
        assert living.stop() == 0
        assert "STATUS=SIGTERM" in heard(manager, "STOPPING=1")
