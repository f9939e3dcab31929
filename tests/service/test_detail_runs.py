"""Runs with finer candles: fills that were ambiguous are decided, the run is another one, and what does not fit is
refused.
"""

from decimal import Decimal

import pytest
from made import EMA_CROSS, Candle, dataset, levels, market_of, run, walk

from kernel.errors import ConfigError
from kernel.timeframe import NS_PER_SECOND, parse_time
from tests.cli.programs import answer, candled, inside
from venues.dataset import open_dataset

MINUTE = 60 * NS_PER_SECOND
BRACKET = f"""
[strategy]
{levels()}execution = {{ quantity = "1" }}
exits = {{ stop_loss = "0.01", take_profit = "0.01" }}
[account]
cash = "1000000"
[venue]
fill = "next_open"
fee_rate = "0"
"""


@pytest.fixture
def strategy(tmp_path):
    (tmp_path / "mine.toml").write_text(BRACKET)
    return tmp_path / "mine.toml"


def longer(fine, minutes: int) -> list[Candle]:
    """The candles that minutes make up."""
    made = []
    for begin in range(0, len(fine), minutes):
        part = fine[begin : begin + minutes]
        high, low = max(c.high for c in part), min(c.low for c in part)
        made.append(Candle(part[0].open_time, part[0].open, high, low, part[-1].close, sum(c.volume for c in part)))
    return made


def both_reached(target_first: bool) -> list[Candle]:
    """Bought at 40,200 after ten minutes; then, in one candle of five, the price sees 40,700 and 39,700."""
    ways = [40_200, 40_700, 39_700, 40_000, 40_000], [40_200, 39_700, 40_700, 40_000, 40_000]
    return market_of(*[40_000] * 9, 40_200, *[40_200] * 5, *ways[0 if target_first else 1], *[40_000] * 5)


@pytest.mark.parametrize(("target_first", "price", "purpose"), [(True, "40602", "target"), (False, "39798", "stop")])
def test_an_ambiguous_candle_is_decided_by_its_minutes(tmp_path, strategy, target_first, price, purpose):
    """Without them the worst path is taken whichever it was, and its fill is marked."""
    minutes = both_reached(target_first)
    market, fine = dataset(tmp_path, longer(minutes, 5), timeframe="5m"), dataset(tmp_path, minutes)
    coarse, detailed = run(tmp_path, [market], strategy), run(tmp_path, [market], strategy, details=[fine])
    assert [(f.price, f.ambiguous) for f in coarse.of_type("OrderFilled")][1:] == [(Decimal(39_798), True)]
    (entry, fill) = detailed.of_type("OrderFilled")
    assert (entry.price, fill.price, fill.ambiguous) == (Decimal(40_200), Decimal(price), False)
    requests = {e.order: e.purpose for e in detailed.of_type("OrderRequested")}
    assert requests[fill.order] == purpose
    assert detailed.result.run != coarse.result.run
    assert detailed.definition.markets[0].detail == fine.manifest.dataset
    assert detailed.definition.markets[0].dataset == coarse.definition.markets[0].dataset
    assert detailed.replayed(ended=detailed.head).first_divergence is None


@pytest.mark.parametrize("mode", ["step", "block"])
def test_where_nothing_was_ambiguous_the_trades_are_the_same(tmp_path, mode):
    """Decisions stand on the closes; market orders on opens, which both have."""
    minutes = walk(3_000)
    market, fine = dataset(tmp_path, longer(minutes, 5), timeframe="5m"), dataset(tmp_path, minutes)
    detailed, coarse = (run(tmp_path, [market], details=details, mode=mode) for details in ([fine], []))
    assert detailed.result.fills > 20
    assert [r.payload for r in detailed.records[1:]] == [r.payload for r in coarse.records[1:]]
    assert detailed.result.decisions_digest == coarse.result.decisions_digest


def test_both_modes_give_one_head_with_details_in_one_of_two_markets(tmp_path):
    every = [walk(2_000, seed) for seed in (1, 2)]
    markets = [
        dataset(tmp_path, longer(minutes, 5), symbol, "5m")
        for minutes, symbol in zip(every, ("BTC/USDT", "ETH/USDT"), strict=True)
    ]
    fine = dataset(tmp_path, every[0])
    close_guards = 'strategy.exits={stop_loss="0.004", take_profit="0.004"}'
    one, other = (run(tmp_path, markets, EMA_CROSS, close_guards, details=[fine], mode=m) for m in ("step", "block"))
    assert one.result.run == other.result.run
    assert one.records == other.records
    orders = {e.order: e for e in one.of_type("OrderRequested")}
    assert {e.purpose for e in orders.values()} >= {"entry", "stop", "target"}
    assert [m.detail for m in one.definition.markets] == [fine.manifest.dataset, ""]
    guards = {number for number, e in orders.items() if e.symbol == "BTC/USDT" and e.purpose == "target"}
    last = next(f for f in reversed(one.of_type("OrderFilled")) if f.order in guards)
    assert last.order in {report["order"] for report in one.explained(last.ts - 5 * MINUTE).reports}


def test_minutes_that_are_missing_leave_the_candle_itself(tmp_path, strategy):
    """Details of one day, and a run over two: on the second it is filled as without them."""
    minutes = both_reached(target_first=True)
    market = dataset(tmp_path, longer(minutes, 5), timeframe="5m")
    early = [c for c in minutes if c.open_time < parse_time("2022-01-01T00:15")]
    detailed = run(tmp_path, [market], strategy, details=[dataset(tmp_path, early)])
    coarse = run(tmp_path, [market], strategy)
    assert [r.payload for r in detailed.records[1:]] == [r.payload for r in coarse.records[1:]]


@pytest.fixture
def market(tmp_path):
    return dataset(tmp_path, longer(walk(300), 5), timeframe="5m")


@pytest.mark.parametrize(
    ("symbol", "timeframe", "says", "fix"),
    [
        ("ETH/USDT", "1m", "is of binance ETH/USDT, which this run does not trade", "it trades: binance BTC/USDT"),
        ("BTC/USDT", "5m", "has candles of 5m, which do not make up 5m", ""),
        ("BTC/USDT", "15m", "has candles of 15m, which do not make up 5m", ""),
        ("BTC/USDT", "3m", "has candles of 3m, which do not make up 5m", ""),
    ],
)
def test_details_that_do_not_fit_are_refused(tmp_path, market, strategy, symbol, timeframe, says, fix):
    fine = dataset(tmp_path, walk(30, timeframe=timeframe), symbol, timeframe)
    with pytest.raises(ConfigError, match=says) as raised:
        run(tmp_path, [market], strategy, details=[fine])
    assert fix in raised.value.fix
    assert not (tmp_path / "runs").exists(), "nothing is left of it"


def test_details_in_other_units_are_refused(tmp_path, market, strategy):
    """Prices in tenths of a cent."""
    (tmp_path / "fine.csv").write_text(
        "timestamp,open,high,low,close,volume\n"
        + "".join(f"{1_640_995_200_000 + n * 60_000},40000.123,40001,39999,40000,1\n" for n in range(10))
    )
    words = ["--venue", "binance", "--symbol", "BTC/USDT", "--timeframe", "1m", "--json"]
    fine = answer(inside("data", "import", tmp_path / "fine.csv", *words, "--data-dir", tmp_path))["dataset"]
    run_it = ["backtest", strategy, "--dataset", market.manifest.dataset, "--detail", fine, "--data-dir", tmp_path]
    done = inside(*run_it)
    assert (done.returncode, done.stdout) == (2, "")
    said = " ".join(done.stderr.split())
    assert f"--detail {fine[:12]} has prices of 3 decimals, and the market's dataset of 2" in said


def test_the_command_takes_details_and_says_what_is_wrong_with_them(tmp_path, market, strategy):
    fine = dataset(tmp_path, walk(300)).manifest.dataset
    words = ["backtest", strategy, "--dataset", market.manifest.dataset, "--data-dir", tmp_path, "--json"]
    ran = answer(candled(*words, "--detail", fine))
    assert ran["run"] == run(tmp_path, [market], strategy, details=[open_dataset(tmp_path, fine)]).result.run
    assert answer(inside("replay", ran["run"], "--verify", "--data-dir", tmp_path, "--json"))["equal"]
    for wrong, says in ((market.manifest.dataset, "do not make up 5m"), ("abcdef01", "no dataset abcdef01")):
        done = inside(*words, "--detail", wrong)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in " ".join(done.stderr.split())
