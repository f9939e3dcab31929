"""Block mode is another way to run the same session: the same records, and the same state at the end."""

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernel.features.block import Block
from kernel.features.block_engine import BlockEngine
from kernel.features.declaration import feature
from kernel.kernel import FOLD_MAX, Kernel
from kernel.messages import WarmupCandle
from kernel.models.cross import Cross
from kernel.models.mean_reversion import MeanReversion
from kernel.strategy import Cooldown, Gate, MinConfidence
from kernel.strategy import Session as Hours
from kernel.wake import next_row
from service.block import BlockRunner
from service.session import Session
from tests.kernel.drawn import prices
from tests.kernel.given import (
    BTC,
    CASH,
    CROSS,
    ETH,
    MINUTE,
    OBEDIENT,
    REVERSION,
    ListWriter,
    blueprint,
    candles,
    ending,
    finish,
    merged,
    opening,
    run,
    strategy,
)  # fmt: skip
from venues.fills import SimulatedVenueConfig
from venues.historical import Slice
from venues.simulated import SimulatedVenue

BARS = strategy(
    Cross("fast", "hourly"),
    [feature("fast", "ema", period=2), feature("hourly", "sma", period=2, timeframe="5m")],
    filters=[Hours(0, 20)],
)
SCALED = strategy(
    MeanReversion("score", entry=0.7, exit=0.1),
    [
        feature("score", "zscore", period=4),
        feature("moves", "sma", "change", period=3),
        feature("change", "roc", period=1),
    ],
    gate=Gate(threshold=0.5, volatility="moves", symbols={"ETH/USDT": 0.2}),
    filters=[MinConfidence(0.6), Cooldown(3)],
)
OTHER = strategy(
    Cross("mine", "theirs"), [feature("mine", "ema", period=2), feature("theirs", "ema", "ETH/USDT:close", period=3)]
)
STRATEGIES = {"obedient": OBEDIENT, "cross": CROSS, "reversion": REVERSION, "bars": BARS, "scaled": SCALED}
every = pytest.mark.parametrize("of", STRATEGIES.values(), ids=STRATEGIES)


def slices_of(markets, cuts):
    """The markets as pieces that end at the times `cuts`."""
    bounds = [-1, *sorted(set(cuts)), 10**18]
    for after, until in zip(bounds, bounds[1:], strict=False):
        slices = []
        for market in markets:
            part = [m for m in market if after < m.ts <= until]
            names = ("open_time", "open", "high", "low", "close", "volume")
            columns = [np.array([getattr(m, name) for m in part], dtype=np.int64) for name in names]
            slices.append(Slice(Block(*columns), sum(isinstance(m, WarmupCandle) for m in part)))
        if any(len(given.block.open_time) for given in slices):
            yield slices


def run_blocks(of, markets, instruments, fill="next_open", cuts=(), search=next_row):
    """What tests.kernel.given.run does, in block mode."""
    plan = msgspec.structs.replace(blueprint(of, instruments), make_engine=BlockEngine)
    kernel, writer = Kernel(plan), ListWriter()
    venue = SimulatedVenue(SimulatedVenueConfig(fill), instruments, {"USDT": CASH})
    session = Session(kernel, venue, writer, wire_prefix="t")
    finish(session.message(opening(instruments)))
    runner = BlockRunner(session, venue, search)
    for slices in slices_of(markets, cuts):
        finish(runner.market(slices))
    finish(session.message(ending(merged(*markets))))
    finish(session.flush())
    return kernel, venue, writer.records


def assert_same(of, markets, instruments, fill="next_open", cuts=()):
    stepped = run(of, merged(*markets), *instruments, fill=fill)
    kernel, venue, records = run_blocks(of, markets, instruments, fill, cuts)
    assert [r.payload for r in records] == [r.payload for r in stepped.records]
    assert records[-1].hash == stepped.records[-1].hash
    assert venue._state == stepped.venue._state
    assert kernel.fingerprint() == stepped.kernel.fingerprint()


walks = st.lists(prices, max_size=60)
cuts = st.lists(st.integers(0, 70).map(lambda minute: minute * MINUTE), max_size=3)
fills = st.sampled_from(["same_close", "next_open"])


@every
@settings(max_examples=40)
@given(walks, fills, cuts)
def test_one_market_gives_the_same_records_and_state(of, walk, fill, cuts):
    assert_same(of, [candles(walk)], (BTC,), fill, cuts)


@pytest.mark.parametrize("of", [*STRATEGIES.values(), OTHER], ids=[*STRATEGIES, "other"])
@settings(max_examples=30)
@given(walks, walks, st.integers(0, 3), fills, cuts)
@example([500_01] * 3, [], 0, "next_open", [])
def test_two_markets_give_the_same_records_and_state(of, btc, eth, start, fill, cuts):
    assert_same(of, [candles(btc), candles(eth, of=ETH, start=start * MINUTE)], (BTC, ETH), fill, cuts)


@every
@settings(max_examples=20)
@given(walks, st.integers(0, 60), fills, cuts)
def test_history_moves_averages_and_decides_nothing_in_either_mode(of, walk, warm, fill, cuts):
    market = candles(walk)
    history = [WarmupCandle(*msgspec.structs.astuple(m)) for m in market[:warm]]
    assert_same(of, [history + market[warm:]], (BTC,), fill, cuts)


def test_a_longer_candle_that_opened_before_the_window_is_history_in_the_middle():
    """The hour that opened before the window closes in it, when the minutes have been decided on for a while."""
    minutes = candles([500_03 + n for n in range(70)], start=20 * MINUTE)
    hour = WarmupCandle(60 * MINUTE, "ETH/USDT", 0, 500_00, 500_00, 500_00, 500_00, 7)
    later = msgspec.structs.replace(candles([510_00], of=ETH, start=60 * MINUTE)[0], ts=120 * MINUTE)
    plan = msgspec.structs.replace(blueprint(OBEDIENT, (BTC, ETH)), lengths_ns=(MINUTE, 60 * MINUTE))
    stepped, blocks = (Kernel(msgspec.structs.replace(plan, make_engine=e)) for e in (plan.make_engine, BlockEngine))
    heads = []
    for kernel in (stepped, blocks):
        venue, writer = SimulatedVenue(SimulatedVenueConfig(), (BTC, ETH), {"USDT": CASH}), ListWriter()
        session = Session(kernel, venue, writer, wire_prefix="t")
        finish(session.message(opening((BTC, ETH))))
        if kernel is stepped:
            finish(session.market(merged(minutes, [hour, later])))
        else:
            for slices in slices_of([minutes, [hour, later]], []):
                finish(BlockRunner(session, venue, next_row).market(slices))
        finish(session.flush())
        heads.append(writer.records[-1].hash)
    assert heads[0] == heads[1]


def test_a_fold_that_is_full_closes_in_the_middle_of_what_is_skipped():
    walk = [500_00] * (2 * FOLD_MAX + 50)
    assert_same(OBEDIENT, [candles(walk)], (BTC,), cuts=[(FOLD_MAX - 7) * MINUTE])
    assert_same(CROSS, [candles(walk)], (BTC,), cuts=[3 * MINUTE])


def test_a_day_that_begins_wakes_the_kernel():
    walk = [500_00 + n % 5 for n in range(3100)]
    stepped = run(CROSS, candles(walk), BTC)
    assert sum(r.type == "EquityMarked" for r in stepped.records) > 2
    assert_same(CROSS, [candles(walk)], (BTC,))


def test_an_account_that_is_refused_asks_again_on_the_next_candle():
    """The wish is compared with what is wanted now, which a refusal sets back; a list made before would be wrong."""
    rich = strategy(Cross("fast", "slow"), CROSS.features, quantity="100000")
    stepped = run(rich, candles([500_00 + 40 * n for n in range(30)]), BTC)
    assert sum(r.type == "RiskRefused" for r in stepped.records) > 3
    assert_same(rich, [candles([500_00 + 40 * n for n in range(30)])], (BTC,))


@settings(max_examples=60)
@given(walks.filter(bool), st.sampled_from([CROSS, REVERSION, SCALED, BARS]), fills)
def test_a_candle_that_is_skipped_has_nothing_to_say(walk, of, fill):
    """The promise that skipping stands on: at its time step mode writes no record, but a fold that is full."""
    searched = []

    def searching(*arguments):
        searched.append((arguments[0], next_row(*arguments)))
        return searched[-1][1]

    market = candles(walk)
    run_blocks(of, [market], (BTC,), fill, search=searching)
    skipped = {market[row].ts for first, end in searched for row in range(first, end)}
    inside = ("CandlesSkipped", "MarketEnded", "EquityMarked")
    told = [r for r in run(of, market, BTC, fill=fill).records if r.type not in inside]
    assert not skipped & {record.ts for record in told}
