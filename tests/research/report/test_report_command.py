"""`candled report`, over real runs, as a user and a program meet it."""

import shutil
import sys
from fractions import Fraction

import msgspec
import pytest

from service.cli.main import main
from tests.service.made import dataset, run, walk
from venues.dataset import datasets_dir

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Two markets, crossed every twenty candles or so."""
    data_dir = tmp_path_factory.mktemp("report")
    markets = [dataset(data_dir, walk(2_000, seed), symbol) for seed, symbol in ((1, "BTC/USDT"), (2, "ETH/USDT"))]
    return run(data_dir, markets)


@pytest.fixture
def candled(ran, monkeypatch, capsys):
    """Call it; gives its exit code, what it printed, and what it said on stderr."""

    def call(*arguments, data_dir=ran.data_dir):
        monkeypatch.setattr(sys, "argv", ["candled", *map(str, arguments), "--data-dir", str(data_dir)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def test_json_agrees_with_the_run_itself(ran, candled):
    code, out, _ = candled("report", ran.result.run[:8], "--json")
    told = msgspec.json.decode(out)
    result, equity = ran.result, told["equity"]
    assert (code, out.count("\n")) == (0, 1)
    assert told["run"]["log_head"] == result.log_head
    assert told["run"]["decisions_digest"] == result.decisions_digest
    assert told["run"]["records"] == result.events
    assert equity["final"] == result.final_equity
    assert Fraction(told["costs"]["fees"]) == Fraction(result.fees)
    assert (len(told["trades"]), told["costs"]["fills"]) == (result.trades, result.fills)
    assert sum(skip["count"] for skip in told["skips"]) == result.skipped
    parts = (equity[name] for name in ("starting", "trades", "open_positions", "revaluation"))
    assert sum(map(Fraction, parts)) == Fraction(equity["final"])
    assert equity["revaluation"] == equity["unexplained"] == "0"
    assert all(trade["exit_reason"] for trade in told["trades"])


def test_a_person_reads_what_must_be_known(ran, candled):
    code, out, _ = candled("report", ran.result.run[:8])
    assert code == 0
    for text in ("Final equity", "Sharpe", "By symbol", "Where it went", ran.result.log_head):
        assert text in out


def test_page_and_tables_are_written_and_written_again(ran, candled, tmp_path):
    html, tables = tmp_path / "a page.html", tmp_path / "deep" / "tables"
    words = ("report", ran.result.run[:8], "--html", html, "--csv", tables)
    code, out, _ = candled(*words)
    assert code == 0
    assert html.read_bytes().startswith(b"<!doctype html>")
    assert {"trades.csv", "figures.csv"} <= {path.name for path in tables.iterdir()}
    assert str(html) in out.replace("\n", "")
    html.write_text("older")
    assert candled(*words)[0] == 0
    assert html.read_bytes().startswith(b"<!doctype html>")


def test_a_folder_that_cannot_be_made_is_the_users_fault(ran, candled, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, said = candled("report", ran.result.run[:8], "--csv", tmp_path / "file" / "tables")
    assert code == 2
    assert "cannot be made a folder" in said


def test_without_plotly_the_page_says_what_to_install(ran, candled, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    code, _, said = candled("report", ran.result.run[:8], "--html", tmp_path / "page.html")
    assert code == 2
    assert "candled[research]" in said
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_not_there(candled):
    code, out, said = candled("report", "abcdef12")
    assert (code, out) == (2, "")
    assert "there is no run" in said


def test_without_the_datasets_it_still_reports(ran, candled, tmp_path):
    home = tmp_path / "moved"
    shutil.copytree(ran.data_dir, home)
    shutil.rmtree(datasets_dir(home))
    code, out, _ = candled("report", ran.result.run[:8], "--json", data_dir=home)
    told = msgspec.json.decode(out)
    assert code == 0
    assert told["equity"]["final"] == ran.result.final_equity
    assert any("are not here" in note for note in told["notes"])


def test_a_window_begins_where_decisions_do(tmp_path, candled):
    """Warm-up days are no days of the run, and prices after it are none of its prices."""
    market = dataset(tmp_path, walk(5 * 1440))
    ran = run(tmp_path, [market], first="2022-01-03", before="2022-01-05")
    told = msgspec.json.decode(candled("report", ran.result.run[:8], "--json", data_dir=tmp_path)[1])
    assert told["run"]["start_time"] == "2022-01-03T00:00:00Z"
    assert [day["day"] for day in told["days"]] == ["2022-01-03", "2022-01-04"]
    assert told["equity"]["unexplained"] == told["equity"]["revaluation"] == "0"
