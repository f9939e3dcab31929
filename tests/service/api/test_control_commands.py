"""The command line as a client: what an operator types, what the daemon gets, what is shown, the exit codes."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from kernel.messages import CancelAllOrders, SetTradingState
from service.api.endpoint import Endpoint, find_endpoint, write_endpoint
from tests.service.api.serving import serving

CANDLED = Path(sys.executable).with_name("candled")


@pytest.fixture
def home(tmp_path, logged):
    """A data directory with one running daemon, of the stream paper."""
    directory = tmp_path / "streams" / "paper"
    directory.mkdir(parents=True)
    with serving(directory) as running:
        write_endpoint(directory, Endpoint(os.getpid(), running.address, "", "paper", "ab" * 32))
        running.home = tmp_path
        yield running


def candled(home, *words, **environment):
    command = [str(CANDLED), *words, "--data-dir", str(home)]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CANDLED_")}
    done = subprocess.run(
        command, capture_output=True, text=True, env=plain | {"COLUMNS": "200"} | environment, stdin=subprocess.DEVNULL,
        check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_status_shows_what_the_api_says(home):
    told = msgspec.json.decode(candled(home.home, "status", "--json").stdout)
    assert {name: told[name] for name in home.get("/status").json} == home.get("/status").json
    assert told["open_positions"] == home.get("/positions").json["positions"]
    assert told["live_orders"] == home.get("/orders").json["orders"]
    shown = candled(home.home, "status").stdout
    assert shown.startswith("paper ready, trading active\n")
    for whole in (told["run"], told["head"]["hash"], told["equity"], "1970-01-01T00:12:00Z", "stop_market (stop)"):
        assert whole in shown


def test_status_says_what_is_wrong(home):
    home.here(lambda: home.daemon.health.say("feed", "[silent] for 90 s"))
    home.post("/reduce", {"strategy": "cross"})
    shown = candled(home.home, "status").stdout
    assert "paper not ready" in shown
    assert "feed [silent] for 90 s" in shown
    assert "cross reducing by command" in shown


@pytest.mark.parametrize(
    ("words", "command", "says"),
    [
        (["pause"], SetTradingState(0, 0, "halted", "", False, "", ""), "paused: nothing is sent"),
        (["resume", "--strategy", "cross"], SetTradingState(0, 0, "active", "cross", False, "", ""), "resumed"),
        (["reduce"], SetTradingState(0, 0, "reducing", "", False, "", ""), "only taken back; 1 orders canceled"),
        (["flatten", "--yes"], SetTradingState(0, 0, "halted", "", True, "", ""), "5 orders canceled, 1 sent"),
        (["cancel-all", "--symbol", "BTC/USDT"], CancelAllOrders(0, 0, "", "BTC/USDT", "", ""), "2 orders canceled"),
    ],
)
def test_a_verb_is_a_command(home, words, command, says):
    done = candled(home.home, *words)
    assert done.returncode == 0, done.stderr
    assert says in done.stdout
    (asked,) = home.daemon.asked
    assert msgspec.structs.replace(asked, actor="", key="") == command
    assert asked.actor.startswith("operate:")
    assert re.fullmatch("[0-9a-f]{32}", asked.key)


def test_a_key_of_ones_own_makes_a_command_repeatable(home):
    first = candled(home.home, "pause", "--key", "mine", "--json")
    again = candled(home.home, "pause", "--key", "mine", "--json")
    one, two = (msgspec.json.decode(done.stdout) for done in (first, again))
    assert (one["seq"], one["repeated"], two["repeated"]) == (two["seq"], False, True)
    assert "done before" in candled(home.home, "pause", "--key", "mine").stdout
    other = candled(home.home, "resume", "--key", "mine")
    assert other.returncode == 2
    assert "was used for another command" in other.stderr


def test_the_spool_is_told_of(home):
    home.daemon.up = False
    done = candled(home.home, "flatten", "--yes")
    assert done.returncode == 0
    assert "kept in the spool" in done.stdout


def test_what_is_refused_is_said(home):
    done = candled(home.home, "pause", "--strategy", "[none]")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no_such_strategy; there are: obedient, cross" in done.stderr


def test_flatten_asks(home):
    done = candled(home.home, "flatten")
    assert done.returncode == 2
    assert "nobody to ask" in done.stderr
    assert "add --yes" in done.stderr
    assert home.daemon.asked == []


@pytest.mark.parametrize(("typed", "code", "asked"), [("n\n", 1, 0), ("\n", 1, 0), ("y\n", 0, 1)])
def test_flatten_on_a_terminal(home, typed, code, asked):
    ours, theirs = pty.openpty()
    command = [str(CANDLED), "flatten", "--data-dir", str(home.home)]
    plain = os.environ | {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "200"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=plain) as process:
        os.close(theirs)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, typed.encode())
        while True:
            try:
                shown += os.read(ours, 4096)
            except OSError:
                break
        assert process.wait() == code, shown
    os.close(ours)
    assert b"stream paper: 6 live orders, 2 positions" in shown
    assert len(home.daemon.asked) == asked


def test_no_daemon(tmp_path, home):
    nowhere = candled(tmp_path / "none", "status")
    assert nowhere.returncode == 1
    assert "no daemon runs in" in nowhere.stderr
    other = candled(home.home, "status", "--stream", "other")
    assert other.returncode == 1
    assert "there are daemons of: paper" in other.stderr
    write_endpoint(home.directory, Endpoint(1, f"unix:{tmp_path}/gone.sock", "", "paper", "r"))
    gone = candled(home.home, "status")
    assert gone.returncode == 1
    assert "gone.sock does not answer" in gone.stderr


def test_several_daemons_need_a_name(home):
    second = home.home / "streams" / "live" / "eu"
    second.mkdir(parents=True)
    write_endpoint(second, Endpoint(1, "unix:/nowhere", "", "live/eu", "r"))
    done = candled(home.home, "status")
    assert done.returncode == 2
    assert "add --stream, one of: live/eu, paper" in done.stderr
    assert candled(home.home, "status", "--stream", "paper").returncode == 0
    assert find_endpoint(home.home, "live/eu")[0] == second
    assert candled(home.home, "status", "--stream", "../paper").returncode == 1


def test_tokens_may_be_elsewhere_and_must_be_right(home, tmp_path):
    read = (home.directory / "read-token").rename(tmp_path / "elsewhere")
    assert "the token to read cannot be read" in candled(home.home, "status").stderr
    assert candled(home.home, "status", "--token-file", str(read)).returncode == 0
    assert candled(home.home, "status", CANDLED_API__READ_TOKEN_FILE=str(read)).returncode == 0
    wrong = candled(home.home, "pause", "--token-file", str(read))
    assert wrong.returncode == 2
    assert "this token may only read" in wrong.stderr


@pytest.mark.parametrize("verb", ["status", "pause", "resume", "reduce", "flatten", "cancel-all"])
def test_every_verb_explains_itself_with_an_example(tmp_path, verb):
    page = candled(tmp_path, verb, "--help").stdout
    assert page.startswith(f"Usage: candled {verb}")
    assert f"candled {verb}" in page.partition("\n")[2]
