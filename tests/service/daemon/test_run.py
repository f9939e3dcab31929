"""`candled run` as its user meets it: at the market's end it is the backtest; what it refuses it refuses plainly."""

import signal
import sys

import pytest

from service.cli.main import main
from service.embedded.client import join
from tests.service.daemon.place import Place, of_type, said_as_json
from tests.service.made import EMA_CROSS, MEAN_REVERSION, ROOT, dataset, walk

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")

SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
MARKETS = {"rotation": 3, "two_strategies": 2}
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.toml"))


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    found = tmp_path_factory.mktemp("run")
    with join(found):
        yield found


@pytest.fixture(scope="module")
def datasets(data_dir):
    return [dataset(data_dir, walk(3_000, seed), symbol) for seed, symbol in enumerate(SYMBOLS, 1)]


@pytest.fixture(scope="module")
def place(data_dir, datasets):
    """A backtest of the first market: what of it opens from 10:00 on is decided on, the hours before warm it up."""
    return Place(data_dir, datasets[:1], EMA_CROSS, first="2022-01-01T10:00")


@pytest.fixture
def refused(place, monkeypatch, capsys):
    """Call `candled run` with what it is to refuse; gives its exit code and what it said."""

    def call(*words):
        argv = ["candled", "run", *map(str, words), "--data-dir", str(place.data_dir), "--json"]
        monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        assert printed.out == ""
        return end.value.code, printed.err

    return call


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_ends_as_its_backtest(data_dir, datasets, example):
    there = Place(data_dir, datasets[: MARKETS.get(example, 1)], ROOT / "examples" / f"{example}.toml")
    with there.living(f"examples/{example}", "--exit-at-end") as living:
        ended = living.ended()
    recorded = there.check(f"examples/{example}", ended)
    assert there.backtest.result.decisions > 0
    assert sum(r.type == "CandleClosed" for r in recorded) == there.backtest.result.candles
    assert {line["level"] for line in said_as_json(living.said)} <= {"info", "warning"}


def test_a_stream_is_continued_after_a_kill_and_answers_again_once_it_has_ended(place):
    with place.living("again", "--exit-at-end", env={"CANDLED_CRASH_AT": "after_dispatch:20"}) as living:
        assert living.answer() == (-signal.SIGKILL, b"")
    recorded = place.check("again", place.lives("again"))
    assert [note.epoch for note in of_type(recorded, "DaemonStarted")] == [1, 2]
    assert sum(r.type == "WarmupCandle" for r in recorded) > 0
    assert place.lives("again") == place.expected
    assert place.records("again") == recorded


def test_a_stream_takes_no_other_configuration(place, refused):
    other = MEAN_REVERSION, "--dataset", place.datasets[0].manifest.dataset
    assert place.lives("taken") == place.expected
    code, said = refused(*other, "--stream", "taken", "--speed", "max")
    assert code == 2
    assert "the stream taken was begun with another configuration" in said
    code, said = refused(EMA_CROSS, "--stream", "taken", "--speed", "max", "--set", "account.cash=7")
    assert code == 2
    assert "account" in said


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--speed", "0"), "'0' is not a speed"),
        (("--speed", "fast"), "'fast' is not a speed"),
        (("--speed", "nan"), "'nan' is not a speed"),
        (("--stream", "../up"), "../up"),
        (("--stream", "a b"), "a b"),
        (("--dataset", "0123456789"), "0123456789"),
        (("--from", "2030-01-01"), "no candle opens between"),
        (("--from", "soon"), "soon"),
        (("--set", "daemon.on_stop=panic"), "on_stop"),
        (("--set", "daemon.snapshot_ever=1"), "snapshot_every"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_what_cannot_be_is_refused_with_one_plain_line(place, refused, words, named):
    given = () if "--dataset" in words else ("--dataset", place.datasets[0].manifest.dataset)
    code, said = refused(EMA_CROSS, *given, *words)
    assert code == 2
    assert named in said
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if line.startswith("error")]
    assert len(lines) == 1, said


def test_a_file_that_is_not_there_is_refused(refused, tmp_path):
    code, said = refused(tmp_path / "none.toml")
    assert code == 2
    assert "none.toml" in said
