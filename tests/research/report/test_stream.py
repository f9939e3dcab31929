"""A daemon's stream, whose log holds its candles, is reported as a backtest over the same candles is."""

from fractions import Fraction

import pytest

from kernel.timeframe import DAY_NS, timeframe_ns
from research.report.figures import published
from research.report.market import DatasetCandles, LogCandles, Market, gather
from research.report.measure import Run, measure
from research.report.reading import Reading
from service import loop
from tests.service.daemon_log import FLATTEN, GAP, RESUME, STARTED, chained, daemon_entries
from tests.service.made import EMA_CROSS, dataset, run, walk


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A day and a half of two markets, orders filled at the next open."""
    data_dir = tmp_path_factory.mktemp("report")
    markets = [dataset(data_dir, walk(2_100, seed), symbol) for seed, symbol in ((1, "BTC/USDT"), (2, "ETH/USDT"))]
    return run(data_dir, markets, EMA_CROSS, "venue.fill=next_open", first="2022-01-01T02:00Z")


def report(ran, records, markets):
    read = Reading(markets, first_ns=ran.definition.window.first)
    for record in records:
        read.take(record)
    read.finish()
    return measure(Run("ab" * 32, "paper", markets, ran.definition.window.first, None, {}), read)


def of_log(ran, records):
    length = timeframe_ns("1m")
    markets = {
        m.instrument.symbol: Market(
            length, LogCandles(length, m.instrument.price_decimals, m.instrument.volume_decimals)
        )
        for m in ran.definition.markets
    }

    async def in_batches():
        for start in range(0, len(records), 1000):
            yield records[start : start + 1000]

    held = {symbol: market.candles for symbol, market in markets.items()}
    assert loop.run(gather(in_batches(), held)) == len(records)
    return report(ran, records, markets)


def of_datasets(ran, records):
    from venues.dataset import open_dataset

    markets = {
        m.instrument.symbol: Market(timeframe_ns("1m"), DatasetCandles(open_dataset(ran.data_dir, m.dataset)))
        for m in ran.definition.markets
    }
    return report(ran, records, markets)


def test_every_figure_is_that_of_a_backtest(ran):
    entries = daemon_entries(ran.definition, ran.data_dir, {0: [STARTED], 300: [GAP]})
    stream, backtest = of_log(ran, chained(entries, [500])), of_datasets(ran, ran.records)
    told, expected = published(stream.figures), published(backtest.figures)
    assert told["run"].pop("decisions_digest") == expected["run"].pop("decisions_digest") == ran.result.decisions_digest
    counted = told.pop("records")
    assert {name: counted[name] for name in expected.pop("records")} == ran_counts(ran)
    assert (counted["CandleClosed"], counted["WarmupCandle"], counted["CandleGap"]) == (2 * 1_980, 2 * 120, 1)
    for facts in (told["run"], expected["run"]):
        assert len(facts.pop("log_head")) == 64
        assert facts.pop("records")
    assert told == expected
    assert stream.prices == backtest.prices
    assert expected["equity"]["unexplained"] == "0"


def ran_counts(ran):
    names = [record.type for record in ran.records]
    return {name: names.count(name) for name in names}


def test_a_stream_that_goes_on_is_reported_up_to_its_newest_candle(ran):
    entries = daemon_entries(ran.definition, ran.data_dir, {700: [FLATTEN], 800: [RESUME]})
    names = [type(entry).__name__ for entry in entries]
    closes = [place for place, name in enumerate(names) if name == "CandleClosed"]
    for place in closes[1200::377]:
        newest = entries[place]
        figures = of_log(ran, chained(entries[: place + 1])).figures
        assert (figures.run.ended, figures.run.end_time) == (False, newest.ts)
        equity = figures.equity
        assert figures.days[-1].equity == equity.final
        assert len(figures.days) == (newest.ts - 1) // DAY_NS - figures.run.start_time // DAY_NS + 1
        parts = (equity.starting, equity.trades, equity.open_positions, equity.revaluation)
        assert sum(map(Fraction, parts)) == Fraction(equity.final)
        assert equity.revaluation == 0, "one currency: what is open is worth what its prices say"


def test_nothing_is_said_of_a_log_that_has_no_price_yet(ran):
    entries = daemon_entries(ran.definition, ran.data_dir)
    figures = of_log(ran, chained(entries[:1])).figures
    assert (figures.trades, figures.equity.final) == ((), figures.equity.starting)
