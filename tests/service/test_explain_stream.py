"""A daemon's stream is explained from its own log: the same answers as those of a backtest of the same market."""

import pytest
from made import MEAN_REVERSION, ROOT, Ran, dataset, run, walk
from msgspec import to_builtins

from kernel.errors import NotFound, UsageError
from kernel.timeframe import parse_time
from service import loop
from service.compose import compose
from service.explain import Explanation, candle_in_log, choose, explain_log
from service.log.file import FileLogStore
from tests.service.daemon_log import REDUCE, STARTED, chained, daemon_entries, write

MINUTE = 60_000_000_000
GATED = (
    "strategy.gate.threshold=0.002", "strategy.features.0.period=20", "strategy.model.entry=0.8",
    "strategy.filters.1.candles=5", "strategy.exits.stop_loss=0.004", "strategy.exits.take_profit=0.004",
)  # fmt: skip
SWITCHING = ("strategy.model.minutes=5", "strategy.features.0.period=5")


def two_markets(data_dir):
    return [dataset(data_dir, walk(80, seed), symbol) for seed, symbol in ((1, "BTC/USDT"), (2, "ETH/USDT"))]


@pytest.fixture(scope="module", params=["gated", "rotation"])
def ran(request, tmp_path_factory) -> Ran:
    data_dir = tmp_path_factory.mktemp(request.param)
    if request.param == "gated":
        return run(data_dir, [dataset(data_dir, walk(150, 4))], MEAN_REVERSION, *GATED, first="2022-01-01T00:15Z")
    return run(data_dir, two_markets(data_dir), ROOT / "examples" / "rotation.toml", *SWITCHING)


class Stream:
    """A stream in a file home, with answers about it."""

    def __init__(self, ran: Ran, directory, entries) -> None:
        self.ran = ran
        self.records = chained(entries, [100])
        self.store = FileLogStore(directory)
        loop.run(write(self.store, "paper", entries, [100]))

    def opened(self, at: int, symbol: str = "BTC/USDT") -> int:
        return loop.run(candle_in_log(self.store, "paper", symbol, at))

    def explained(self, opened: int, symbol: str) -> Explanation:
        definition = self.ran.definition
        own, _ = choose(definition, None, symbol)
        composed = compose(definition, self.ran.data_dir)
        answer = explain_log(composed, definition, self.store, "paper", strategy=own, symbol=symbol, opened=opened)
        return loop.run(answer)


@pytest.fixture
def stream(ran, tmp_path) -> Stream:
    return Stream(ran, tmp_path, daemon_entries(ran.definition, ran.data_dir, {0: [STARTED]}))


def without_seqs(value):
    """An answer without the numbers of records, which the market among them makes others."""
    if isinstance(value, dict):
        return {name: without_seqs(item) for name, item in value.items() if name != "seq"}
    return [without_seqs(item) for item in value] if isinstance(value, list | tuple) else value


def test_every_answer_is_that_of_a_backtest_and_names_the_record_of_the_same_event(ran, stream):
    same_record = {}
    for record in stream.records:
        same_record.setdefault((record.type, record.payload), record.seq)
    for market in ran.definition.markets:
        symbol = market.instrument.symbol
        for candle in walk(150 if len(ran.definition.markets) == 1 else 80)[::3]:
            expected = ran.explained(candle.open_time, symbol)
            answer = stream.explained(candle.open_time, symbol)
            assert without_seqs(to_builtins(answer)) == without_seqs(to_builtins(expected))
            if expected.seq is None:
                assert answer.outcome == "warmup"
                assert stream.records[answer.seq - 1].type == "WarmupCandle"
            else:
                covering = ran.records[expected.seq - 1]
                assert answer.seq == same_record[covering.type, covering.payload]


def test_the_newest_candles_of_a_stream_that_goes_on_are_explained_by_their_own_records(ran, tmp_path):
    """The skips are still being counted: no record covers them yet."""
    entries = daemon_entries(ran.definition, ran.data_dir, {0: [STARTED]})
    names = [type(entry).__name__ for entry in entries]
    ends = "InstantClosed" if "InstantClosed" in names else "CandleClosed"
    skipped = names.index("CandlesSkipped")
    for end in range(skipped, len(names) - 1, 3):
        if (names[end], names[end + 1]) == (ends, "CandleClosed"):
            cut = Stream(ran, tmp_path / str(end), entries[: end + 1])
            newest = cut.opened(entries[end].ts)
            answer = cut.explained(newest, "BTC/USDT")
            assert answer.outcome == "skipped"
            own = entries[answer.seq - 1]
            assert (type(own).__name__, own.symbol, own.open_time) == ("CandleClosed", "BTC/USDT", newest)


def test_a_command_of_the_log_is_in_force_when_its_candle_is_looked_at(ran, tmp_path):
    entries = daemon_entries(ran.definition, ran.data_dir, {30: [REDUCE]})
    stream = Stream(ran, tmp_path, entries)
    states = [stream.explained(opened, "BTC/USDT").standing.trading_state for opened in opened_around(entries, 30)]
    assert states == ["active", "reducing"]


def opened_around(entries, ordinal):
    """The last candle of BTC/USDT up to a market message, and the first behind it."""
    market = [e for e in entries if type(e).__name__ in ("CandleClosed", "WarmupCandle", "InstantClosed")]
    is_btc = [getattr(entry, "symbol", "") == "BTC/USDT" for entry in market]
    before = max(place for place in range(ordinal) if is_btc[place])
    behind = next(place for place in range(ordinal, len(market)) if is_btc[place])
    return market[before].open_time, market[behind].open_time


def test_a_time_means_the_candle_of_the_log_that_opens_then_or_last_before(stream):
    start = parse_time("2022-01-01")
    assert stream.opened(start) == start
    assert stream.opened(start + 90_000_000_000) == start + MINUTE
    last = walk(150 if len(stream.ran.definition.markets) == 1 else 80)[-1].open_time
    assert stream.opened(2 * last) == last
    with pytest.raises(NotFound, match="no candle of BTC/USDT at 2021-12-31T23:59:59Z or before"):
        stream.opened(start - 1_000_000_000)
    with pytest.raises(NotFound, match="no candle of DOGE/USDT yet"):
        stream.opened(last, "DOGE/USDT")


def test_a_candle_that_the_log_does_not_hold_has_no_answer(stream):
    with pytest.raises(UsageError, match="it ended before"):
        stream.explained(parse_time("2022-06-01"), "BTC/USDT")
