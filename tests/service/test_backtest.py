"""A backtest against a computation that shares no line with it; windows, several markets, repeated executions."""

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import EMA_CROSS, ROOT, dataset, prepared, run, walk

from benchmarks.peers import reference
from kernel.errors import ConfigError, NotFound, UsageError
from kernel.timeframe import iso, parse_time
from research.importing.candles import Market
from research.importing.importer import import_candles
from service import loop
from service.backtest import backtest
from service.compose import compose
from service.config import load_config
from service.definition import run_id
from service.launch import choose_datasets
from service.log.file import FileLogStore
from service.runs import next_execution, runs_dir
from tests.campaign import sample
from venues.dataset import open_dataset

FILLS = ("same_close", "next_open")


def by_hand(candles, fill) -> reference.Account:
    cents = (reference.Candle(c.open_time // 10**6, Decimal(c.open).scaleb(-2), Decimal(c.close).scaleb(-2))
             for c in candles)  # fmt: skip
    return reference.run(list(cents), fill)


def trades_of(ran) -> str:
    """The oracle's digest of what was traded. A fill's time is its candle's close; the oracle names the open."""
    sides = {event.order: event.side for event in ran.of_type("OrderRequested")}
    fills = ran.of_type("OrderFilled")
    return reference.digest([reference.Fill(f.ts // 10**6 - 60_000, sides[f.order], f.price) for f in fills])


@pytest.mark.parametrize("fill", FILLS)
@settings(max_examples=sample(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), rows=st.integers(26, 400))
def test_fills_fees_and_equity_are_exact_to_the_last_digit(tmp_path, fill, seed, rows):
    candles = walk(rows, seed)
    ran = run(tmp_path, [dataset(tmp_path, candles)], EMA_CROSS, f"venue.fill={fill}")
    account, result = by_hand(candles, fill), ran.result
    assert (result.fills, result.trades) == (len(account.fills), account.round_trips)
    assert (result.fees, result.final_equity) == (reference.text(account.fees), reference.text(account.equity))
    assert trades_of(ran) == account.digest
    assert ran.result.candles == rows == ran.result.skipped + ran.result.decisions


def test_a_year_of_real_minutes(shared_data, tmp_path):
    """The oracle's own figures on these rows are checked in, and checked, in tests/peers."""
    expected = json.loads((ROOT / "tests" / "peers" / "expected.json").read_text())["BTCUSDT-1m-2022"]
    sources = [shared_data / "candles" / name for name in expected["files"]]
    imported = import_candles(tmp_path, sources, Market("binance", "BTC/USDT", "1m"))
    for fill in FILLS[: sample(1)]:
        ran = run(tmp_path, [open_dataset(tmp_path, imported.manifest.dataset)], EMA_CROSS, f"venue.fill={fill}")
        result, by_hand = ran.result, expected[fill]["reference"]
        assert (result.fills, result.trades) == (by_hand["fills"], by_hand["round_trips"])
        assert (result.fees, result.final_equity) == (by_hand["fees"], by_hand["final_equity"])
        assert trades_of(ran) == by_hand["digest"]
        assert result.candles == 525_600 == result.skipped + result.decisions
    assert ran.replayed(ended=ran.head).first_divergence is None


def test_what_a_result_counts_is_what_the_log_holds(tmp_path):
    ran = run(tmp_path, [dataset(tmp_path, walk(3_000))], EMA_CROSS, "account.cash=40500")
    result, entries = ran.result, ran.records
    kinds = [record.type for record in entries]
    assert result.events == len(entries) == entries[-1].seq
    assert result.log_head == entries[-1].hash.hex()
    assert result.skipped == sum(e.last - e.first + 1 for e in ran.of_type("CandlesSkipped"))
    assert result.skipped + result.decisions == result.candles == 3_000
    assert result.decisions == kinds.count("DecisionMade") == result.orders + result.refusals
    assert (result.orders, result.fills) == (kinds.count("OrderRequested"), kinds.count("OrderFilled"))
    assert result.refusals == kinds.count("RiskRefused") > 0
    assert Decimal(result.fees) == sum(e.fee for e in ran.of_type("OrderFilled")) > 0


def test_executions_of_one_definition_have_one_head(tmp_path):
    market = dataset(tmp_path, walk(700))
    first, second = (run(tmp_path, [market]) for _ in range(2))
    assert (first.result.stream, second.result.stream) == (f"{first.result.run}/1", f"{first.result.run}/2")
    for name in ("run", "log_head", "decisions_digest", "events", "final_equity"):
        assert getattr(first.result, name) == getattr(second.result, name)
    assert first.records == second.records
    slower = run(tmp_path, [market], EMA_CROSS, "venue.fill=next_open")
    assert (slower.result.run, slower.result.log_head) != (first.result.run, first.result.log_head)


def facts_of(ran, symbol="BTC/USDT"):
    """What was decided and done about a symbol, but for ordinals, which other symbols and history move."""
    return [(e.ts, e.direction, e.features_digest) for e in ran.of_type("DecisionMade") if e.symbol == symbol]


def test_a_window_decides_as_the_whole_does_where_its_history_is_the_same(tmp_path):
    candles = walk(1_200)
    whole = run(tmp_path, [dataset(tmp_path, candles)])
    decisions = facts_of(whole)
    left_at = next(ts for ts, direction, _ in decisions[20:] if direction == 0)  # flat from here, as a window begins
    first, before = left_at, candles[900].open_time
    window = {"first": iso(first), "before": iso(before)}
    inside = run(tmp_path, whole_datasets(tmp_path, whole), **window)
    assert facts_of(inside) == [d for d in decisions if first < d[0] <= before]
    assert inside.result.candles == sum(first <= c.open_time < before for c in candles)
    shorter = run(tmp_path, [dataset(tmp_path, candles[:900])], **window)
    assert shorter.result.run != inside.result.run
    assert shorter.result.decisions_digest == inside.result.decisions_digest
    alone = run(tmp_path, [dataset(tmp_path, [c for c in candles if first <= c.open_time])], before=iso(before))
    assert facts_of(alone) != facts_of(inside)  # without the history the averages are others


def whole_datasets(data_dir, ran):
    return [open_dataset(data_dir, market.dataset) for market in ran.definition.markets]


def test_history_moves_state_and_decides_nothing(tmp_path):
    ran = run(tmp_path, [dataset(tmp_path, walk(500))], first="2022-01-01T05:00")
    assert ran.result.candles == 200
    assert min(e.first for e in ran.of_type("CandlesSkipped")) == 301
    assert all(r.ts > parse_time("2022-01-01T05:00") for r in ran.records[1:])


@pytest.mark.parametrize(
    "window",
    [
        {"first": "2022-01-02"},
        {"before": "2022-01-01"},
        {"first": "2022-01-01T02:00", "before": "2022-01-01T02:00"},
        {"first": "2022-01-01T02:00", "before": "2022-01-01T01:00"},
        {"first": "2022-01-01T03:30", "before": "2022-01-01T03:40"},
    ],
)
def test_a_window_without_a_candle_is_refused_and_leaves_nothing(tmp_path, window):
    hole = [c for c in walk(300) if not 200 <= (c.open_time - parse_time("2022-01-01")) // 60_000_000_000 < 230]
    market = dataset(tmp_path, hole)
    with pytest.raises(UsageError, match="no candle opens between --from and --to") as raised:
        prepared(tmp_path, [market], **window)
    assert "BTC/USDT from 2022-01-01T00:00:00Z to 2022-01-01T04:59:00Z" in raised.value.fix
    assert not (tmp_path / "runs").exists()


def test_several_markets_and_timeframes_in_one_run(tmp_path):
    bitcoin, ether = walk(600, 5), walk(600, 6)
    hours = walk(12, 7, timeframe="1h")
    datasets = [
        dataset(tmp_path, bitcoin),
        dataset(tmp_path, ether, "ETH/USDT"),
        dataset(tmp_path, hours, "SOL/USDT", "1h"),
    ]
    both = run(tmp_path, datasets, EMA_CROSS, "strategy.features.1.period=20")
    assert both.result.candles == 1_212 == both.result.skipped + both.result.decisions
    for symbol, candles in (("BTC/USDT", bitcoin), ("ETH/USDT", ether)):
        alone = run(tmp_path, [dataset(tmp_path, candles, symbol)], EMA_CROSS, "strategy.features.1.period=20")
        assert facts_of(both, symbol) == facts_of(alone, symbol) != []
    order = [(r.ts, e.candle) for r, e in zip(both.records, both.entries, strict=True) if r.type == "DecisionMade"]
    assert order == sorted(order)
    assert (
        run(tmp_path, datasets[::-1], EMA_CROSS, "strategy.features.1.period=20").result.log_head
        == both.result.log_head
    )
    assert both.replayed().first_divergence is None


def test_hours_close_after_the_minutes_in_them(tmp_path):
    """At one instant the markets come in symbol order; before it, only what closed before it."""
    minutes, hours = walk(121, 1), walk(2, 2, timeframe="1h")
    ready = prepared(tmp_path, [dataset(tmp_path, hours, "AAA/USDT", "1h"), dataset(tmp_path, minutes)])
    stream = [(m.ts, m.symbol) for m in ready.composed.feeder.messages()]
    assert stream == sorted(stream)
    assert [place for place, (_, symbol) in enumerate(stream) if symbol == "AAA/USDT"] == [59, 120]


def test_the_markets_of_the_file_find_their_dataset_or_say_what_to_do(tmp_path):
    config = load_config(EMA_CROSS)
    with pytest.raises(NotFound, match="no dataset of binance BTC/USDT 1m") as raised:
        choose_datasets(tmp_path, (), config)
    assert "candled data import FILE... --venue binance --symbol BTC/USDT --timeframe 1m" in raised.value.fix
    only = dataset(tmp_path, walk(30))
    assert choose_datasets(tmp_path, (), config) == [only]
    other = dataset(tmp_path, walk(30, 2))
    with pytest.raises(ConfigError, match="has 2 datasets here") as raised:
        choose_datasets(tmp_path, (), config)
    assert other.manifest.dataset[:12] in raised.value.fix
    assert choose_datasets(tmp_path, [other.manifest.dataset[:8]], config) == [other]
    with pytest.raises(ConfigError, match="names no markets"):
        choose_datasets(tmp_path, (), load_config(EMA_CROSS, overrides=["markets=[]"]))


def test_a_stream_that_holds_something_is_not_written_on(tmp_path):
    """As when two data directories share a database, and both execute the same definition for the first time."""
    definition = prepared(tmp_path, [dataset(tmp_path, walk(100))]).definition
    execution = next_execution(tmp_path, run_id(definition))
    store = FileLogStore(runs_dir(tmp_path))
    first = loop.run(backtest(execution, compose(definition, tmp_path), store))
    with pytest.raises(UsageError, match="wrote the stream"):
        loop.run(backtest(execution, compose(definition, tmp_path), store))
    assert loop.run(store.head(execution.stream)).seq == first.events
