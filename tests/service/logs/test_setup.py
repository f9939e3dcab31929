"""Everything that a process says comes out of one door: whole, as JSON, without secrets, and without waiting."""

import asyncio
import json
import logging
import os
import pty
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from service.logs.limit import ALL_PER_WINDOW, PER_WINDOW, RateLimit
from service.logs.pump import LINES_MAX, Pump
from service.logs.secrets import REDACTED, Secrets
from service.logs.setup import logging_to, on_loop_error

ROOT = Path(__file__).resolve().parents[3]
CANARY = "c4nary-c4nary-c4nary"


@pytest.fixture
def log(tmp_path):
    """Logs to a file; gives what `lines` reads afterwards."""
    path = tmp_path / "log"

    class Log:
        secrets = Secrets()

        @contextmanager
        def into(self, **how):
            with path.open("w") as file, logging_to(file, secrets=self.secrets, **how) as pump:
                yield pump

        def lines(self):
            return [json.loads(line) for line in path.read_text().splitlines()]

    made = Log()
    made.secrets.add(CANARY)
    return made


def test_a_line(log):
    with log.into(fields={"stream": "paper"}):
        structlog.get_logger("feed").info("a gap", symbol="BTC/USDT", missing=3, api_key="abc")
        structlog.get_logger("feed").debug("nobody sees this")
    (line,) = log.lines()
    assert list(line)[:5] == ["ts", "level", "logger", "event", "stream"]
    del line["ts"]
    assert line == {
        "level": "info", "logger": "feed", "event": "a gap", "stream": "paper", "symbol": "BTC/USDT", "missing": 3,
        "api_key": REDACTED,
    }  # fmt: skip


async def test_every_way_of_saying_something_comes_out_here_and_without_the_secret(log, capfd):
    def fails():
        hidden = CANARY  # a local: tracebacks must not show it
        raise ValueError(f"with {hidden}")

    with log.into():
        asyncio.get_running_loop().set_exception_handler(on_loop_error)
        logging.getLogger("aiohttp.server").error("said by %s", CANARY, extra={"header": f"Bearer {CANARY}"})
        logging.getLogger("ccxt.base.exchange").debug("X-MBX-APIKEY: %s", CANARY)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(f"a warning about {CANARY}", stacklevel=1)
        try:
            fails()
        except ValueError:
            structlog.get_logger("x").exception("it failed", url=f"https://{CANARY}@host")
        asyncio.get_running_loop().call_soon(fails)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        thread = threading.Thread(target=fails)
        thread.start()
        thread.join()
        logging.getLogger("x").error("%d", "not a number")
        logging.getLogger("x").error(ValueError(CANARY))
        structlog.get_logger("x").warning(f"fine {CANARY}")
    asyncio.get_running_loop().set_exception_handler(None)
    lines = log.lines()
    text = json.dumps(lines)
    assert "c4nary" not in text
    assert len(lines) == 8
    assert sum("exception" in line for line in lines) == 3
    assert "fails()" in text
    assert any("could not be made" in line["event"] for line in lines)
    assert capfd.readouterr() == ("", "")


def test_what_nobody_catches_is_logged_and_not_printed_beside(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(f"""
import sys
from service.logs.secrets import Secrets
from service.logs.setup import logging_to

secrets = Secrets()
secrets.add({CANARY!r})
with logging_to(sys.stderr, secrets=secrets):
    raise RuntimeError({CANARY!r}[:])
""")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, program], env=environment, capture_output=True, text=True, check=False)
    (line,) = (json.loads(text) for text in ran.stderr.splitlines())
    assert line["level"] == "critical"
    assert "RuntimeError" in line["exception"]
    assert "c4nary" not in ran.stderr + ran.stdout
    assert ran.returncode == 1


def test_everything_is_as_before_afterwards(log):
    root = logging.getLogger()
    before = root.handlers[:], root.level, sys.excepthook, threading.excepthook, warnings.showwarning
    with log.into(level="debug"):
        assert root.handlers != before[0]
    assert (root.handlers, root.level, sys.excepthook, threading.excepthook, warnings.showwarning) == before


def test_a_reader_who_does_not_read_holds_nobody():
    """A pipe that is full: every line is taken at once, what finds no room is counted, and the end comes soon."""
    reading, writing = os.pipe()
    slowest = 0.0
    with os.fdopen(writing, "w") as stream, logging_to(stream, secrets=Secrets()) as pump:
        log = structlog.get_logger("loud")
        for place in range(400):
            started = time.perf_counter()
            log.critical("x" * 1_900, place=place)
            slowest = max(slowest, time.perf_counter() - started)
        assert slowest < 1.0
        for _ in range(2 * LINES_MAX):
            pump.write("y\n")
        assert pump.dropped > LINES_MAX // 2
        started = time.perf_counter()
    assert time.perf_counter() - started < 10
    os.close(reading)


def test_what_was_dropped_is_told_when_the_reader_comes_back():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)  # another process has made it so
    pump = Pump(writing)
    for _ in range(3 * LINES_MAX):
        pump.write("z" * 100 + "\n")
    dropped = pump.dropped
    os.close(writing)
    found = bytearray()
    reader = threading.Thread(target=lambda: found.extend(_all_of(reading)))
    reader.start()
    pump.close(10)
    reader.join()
    lines = found.decode().splitlines()
    told = [json.loads(line)["count"] for line in lines if "dropped" in line]
    assert sum(told) == dropped > 0
    assert len(lines) - len(told) == 3 * LINES_MAX - dropped


def test_a_reader_who_is_gone_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    pump = Pump(writing)
    os.close(writing)
    pump.write("x\n")
    pump.close(5)
    assert pump.dropped == 1


def _all_of(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def test_on_a_terminal_it_is_for_people():
    controller, terminal = pty.openpty()
    secrets = Secrets()
    secrets.add(CANARY)
    with os.fdopen(terminal, "w") as stream, logging_to(stream, secrets=secrets):
        structlog.get_logger("feed").warning("a \x1b[2J gap", symbol="BTC/USDT", why=CANARY)
        try:
            raise ValueError(CANARY)
        except ValueError:
            structlog.get_logger("feed").exception("it failed")
    text = os.read(controller, 65_536).decode()
    os.close(controller)
    assert "symbol" in text
    assert "BTC/USDT" in text
    assert "\x1b[2J" not in text
    assert "ValueError" in text
    assert "c4nary" not in text


def test_the_same_thing_again_and_again_is_one_line_and_a_count():
    now = [0.0]
    limit = RateLimit(lambda: now[0])

    def says(template: str, level: int = logging.ERROR):
        record = logging.LogRecord("x", level, "", 0, template, (), None)
        return limit.filter(record) and record

    passed = [bool(says("it failed %s")) for _ in range(1_000)]
    assert sum(passed) == PER_WINDOW
    assert says("something else")
    assert says("it failed %s", logging.CRITICAL)
    now[0] = 60.0
    first, second = says("it failed %s"), says("it failed %s")
    assert (first.held_back, second.held_back) == (0, 0)
    limit = RateLimit(lambda: now[0])
    for _ in range(PER_WINDOW + 7):
        says("it failed %s")
    now[0] = 120.0
    assert says("it failed %s").held_back == 7
    assert sum(bool(says(f"number {place}")) for place in range(5_000)) < ALL_PER_WINDOW
