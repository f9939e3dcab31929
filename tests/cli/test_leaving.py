"""How a user leaves: Ctrl-C at any moment, and a pipe whose reader has gone. Never with a traceback."""

import os
import signal
import subprocess
import time

import pytest
from programs import CANDLED, EXAMPLES, ROOT, clean_environment, imported, inside


def started(*words, stdout=subprocess.DEVNULL) -> subprocess.Popen:
    command = [*CANDLED, *map(str, words)]
    return subprocess.Popen(
        command,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=clean_environment(),
        preexec_fn=hears_ctrl_c,  # noqa: PLW1509 - the tests have no threads
    )


def hears_ctrl_c():
    """A shell lets what it starts in the background ignore Ctrl-C: the tests may have been started so."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def long_market(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("long")
    imported(data_dir, 300_000)
    return data_dir


BUSY = ["--set", "strategy.features.0.period=2", "--set", "strategy.features.1.period=3"]  # seconds full of orders


@pytest.mark.parametrize("mode", ["block", "step"])
@pytest.mark.parametrize("wait_s", [0.0, 0.05, 0.2])
def test_ctrl_c_ends_a_backtest_at_once_with_130_and_its_log_is_whole(long_market, wait_s, mode):
    before = set(long_market.glob("runs/*/*/log.zst"))
    words = [EXAMPLES / "ema_cross.toml", "--data-dir", long_market, "--mode", mode, *BUSY]
    process = started("backtest", *words)
    while not set(long_market.glob("runs/*/*/log.zst")) - before:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.005)
    time.sleep(wait_s)
    process.send_signal(signal.SIGINT)
    asked = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert time.monotonic() - asked < 3
    assert "Traceback" not in errors
    (log,) = set(long_market.glob("runs/*/*/log.zst")) - before
    assert not (log.parent / "execution.json").exists()
    stream = f"{log.parent.parent.name}/{log.parent.name}"
    assert inside("log", "verify", stream, "--data-dir", long_market).returncode == 0


@pytest.mark.parametrize("answer", [[], ["--json"]], ids=["table", "json"])
@pytest.mark.parametrize("verb", ["explain", "log show", "data list", "--help", "backtest --help"])
def test_a_reader_that_has_gone_is_no_error_of_ours(home, ran, verb, answer):
    words = verb.split()
    words += {"explain": [ran["run"], "--at", "2022-01-01T05:00"], "show": [ran["run"]]}.get(words[-1], [])
    if "--help" not in words:
        words += [*answer, "--data-dir", home]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = started(*words, stdout=writing)
    finally:
        os.close(writing)
    _, errors = process.communicate(timeout=20)
    assert errors == ""
    assert process.returncode == 1
