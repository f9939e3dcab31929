"""The readers' verbs over a daemon's stream, as a user and a program meet them: RUN is its name."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from made import EMA_CROSS, dataset, run, walk

from service import loop
from service.cli.main import main
from service.log.anchor import write_anchor
from service.log.record import Head
from service.streams import register
from tests.service.daemon_log import REDUCE, RESUME, STARTED, daemon_entries, write

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")

CANDLED = Path(sys.executable).with_name("candled")
SETTINGS = ("venue.fill=next_open",)


class Paper:
    """A stream of a daemon that was killed and began again twice, its market not ended; and a backtest of the same."""

    def __init__(self, data_dir, home) -> None:
        self.data_dir, self.home = data_dir, home
        self.ran = run(data_dir, [dataset(data_dir, walk(2_000))], EMA_CROSS, *SETTINGS)
        others = {0: [STARTED], 500: [REDUCE], 560: [RESUME]}
        self.entries = daemon_entries(self.ran.definition, data_dir, others)[:-3]
        self.name = f"papers/{home.name}"
        self.directory = register(data_dir, self.name, self.ran.result.run)
        self.head = loop.run(self._write())
        write_anchor(self.directory, self.head)

    async def _write(self) -> Head:
        async with self.home.store() as store:
            return await write(store, self.name, self.entries, [700, 1_500])


@pytest.fixture(scope="module")
def paper(tmp_path_factory, embedded) -> Paper:
    return Paper(tmp_path_factory.mktemp("paper"), embedded)


@pytest.fixture
def candled(paper, monkeypatch, capsys):
    """Call a verb; gives its exit code, what it printed, and what it said on stderr."""

    def call(*words):
        where = ("--data-dir", paper.data_dir, "--database-url", paper.home.url)
        monkeypatch.setattr(sys, "argv", ["candled", *map(str, (*words, *where))])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def test_it_replays_equal(paper, candled):
    code, out, err = candled("replay", paper.name, "--verify", "--json")
    told = json.loads(out)
    assert (code, told["equal"], told["events"], told["run"]) == (0, True, len(paper.entries), paper.ran.result.run)
    code, out, err = candled("replay", paper.name, "--verify")
    assert (code, f"records of {paper.name} came out" in " ".join(out.split())) == (0, True), err


def test_it_is_verified_against_the_anchor_beside_it_and_may_go_on(paper, candled):
    code, out, _ = candled("log", "verify", paper.name, "--json")
    assert (code, json.loads(out)["records"]) == (0, len(paper.entries))
    try:
        write_anchor(paper.directory, Head(100, b"\1" * 32))
        assert candled("log", "verify", paper.name)[0] == 4
        write_anchor(paper.directory, Head(len(paper.entries) + 1, paper.head.hash))
        code, _, err = candled("log", "verify", paper.name)
        assert (code, "the tail was cut" in " ".join(err.split())) == (4, True)
    finally:
        write_anchor(paper.directory, paper.head)


def test_its_head_and_records_are_shown(paper, candled):
    code, out, _ = candled("log", "head", paper.name, "--json")
    assert (code, json.loads(out)) == (
        0, {"stream": paper.name, "seq": paper.head.seq, "hash": paper.head.hash.hex()},
    )  # fmt: skip
    _, out, _ = candled("log", "show", paper.name, "--type", "SetTradingState", "--json")
    assert [record["payload"]["state"] for record in json.loads(out)["records"]] == ["reducing", "active"]


def test_it_is_explained_from_its_own_candles(paper, candled):
    code, out, _ = candled("explain", paper.name, "--at", "2022-01-01T08:30", "--json")
    told = json.loads(out)
    assert (code, told["candle"]["opened_at"]) == (0, "2022-01-01T08:30:00Z")
    assert told["standing"]["trading_state"] == "reducing"
    code, out, _ = candled("explain", paper.name, "--at", "2030-01-01", "--json")
    newest = json.loads(out)
    assert (code, newest["candle"]["opened_at"]) == (0, "2022-01-02T09:19:00Z")
    assert newest["seq"] <= paper.head.seq


def test_it_is_reported_while_it_goes_on(paper, candled):
    code, out, _ = candled("report", paper.name, "--json")
    told = json.loads(out)
    assert (code, told["run"]["stream"], told["run"]["ended"]) == (0, paper.name, False)
    assert told["run"]["end_time"] == "2022-01-02T09:20:00Z"
    assert told["run"]["records"] == paper.head.seq
    assert told["equity"]["unexplained"] == "0"
    assert all(trade["mae_rate"] is not None for trade in told["trades"])


def test_a_name_that_is_nothing_here_is_answered_with_what_is(paper, candled):
    code, _, err = candled("replay", "papers/tset")
    said = " ".join(err.split())
    assert (code, f"streams here: {paper.name}" in said, "and no such stream" in said) == (2, True, True)


def test_new_records_are_followed_as_they_come(paper):
    """From the newest records on, until it is interrupted."""
    name = f"{paper.name}/followed"
    register(paper.data_dir, name, paper.ran.result.run)

    async def append(entries):
        async with paper.home.store() as store:
            await write(store, name, entries)

    loop.run(append(paper.entries[:300]))
    words = ["log", "show", name, "--follow", "--limit", "3", "--json"]
    where = ["--data-dir", str(paper.data_dir), "--database-url", paper.home.url]
    with subprocess.Popen([CANDLED, *words, *where], stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        seqs = [json.loads(process.stdout.readline())["seq"] for _ in range(3)]
        loop.run(append(paper.entries[300:420]))
        seqs += [json.loads(process.stdout.readline())["seq"] for _ in range(120)]
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(20) == 130
        finally:
            process.kill()
    assert seqs == list(range(298, 421))
