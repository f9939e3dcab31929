"""Block mode is another way to run the same session: the same records, and the same state at the end."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

from kernel.events import CandlesSkipped
from kernel.features.declaration import feature
from kernel.kernel import FOLD_MAX
from kernel.messages import WarmupCandle
from kernel.models.cross import Cross
from kernel.models.mean_reversion import MeanReversion
from kernel.strategy import Cooldown, Gate, MinConfidence
from kernel.strategy import Session as Hours
from kernel.wake import next_row
from service.compiled import compiled_next_row
from tests.campaign import sample
from tests.kernel.drawn import prices
from tests.kernel.given import BTC, CROSS, ETH, MINUTE, OBEDIENT, REVERSION, candles, instrument, of_type, strategy
from tests.service.both_ways import Setup, assert_same, in_blocks, stepped
from venues.simulation import SimulatedVenueConfig

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
BARS_TOO, AAA = replace(BARS, name="bars"), instrument("AAA/USDT")
STRATEGIES = {"obedient": OBEDIENT, "cross": CROSS, "reversion": REVERSION, "bars": BARS, "scaled": SCALED}
every = pytest.mark.parametrize("of", STRATEGIES.values(), ids=STRATEGIES)


walks = st.lists(prices, max_size=60)
cuts = st.lists(st.integers(0, 70).map(lambda minute: minute * MINUTE), max_size=3)
venues = st.sampled_from(["same_close", "next_open"]).map(SimulatedVenueConfig)


@every
@settings(max_examples=sample(25))
@given(walks, venues, cuts)
def test_one_market_gives_the_same_records_and_state(of, walk, venue, cuts):
    assert_same(Setup(of, [candles(walk)], venue=venue), cuts)


@pytest.mark.parametrize("of", [*STRATEGIES.values(), OTHER], ids=[*STRATEGIES, "other"])
@settings(max_examples=sample(20))
@given(walks, walks, st.integers(0, 3), venues, cuts)
@example([500_01] * 3, [], 0, SimulatedVenueConfig(), [])
def test_two_markets_give_the_same_records_and_state(of, btc, eth, start, venue, cuts):
    assert_same(Setup(of, [candles(btc), candles(eth, of=ETH, start=start * MINUTE)], (BTC, ETH), venue=venue), cuts)


@every
@settings(max_examples=sample(20))
@given(walks, st.integers(0, 60), venues, cuts)
def test_history_moves_averages_and_decides_nothing_in_either_mode(of, walk, warm, venue, cuts):
    market = candles(walk)
    history = [WarmupCandle(*astuple(m)) for m in market[:warm]]
    assert_same(Setup(of, [history + market[warm:]], venue=venue), cuts)


@pytest.mark.parametrize("cuts", [[], [59 * MINUTE], [60 * MINUTE]])
def test_a_longer_candle_that_opened_before_the_window_is_history_in_the_middle(cuts):
    """The hour that opened before the window closes in it, when the minutes have been decided on for a while.

    Also where it is the first of a piece: what is history there is not at the beginning of the run.
    """
    minutes = candles([500_00] * 70, start=20 * MINUTE)
    hour = WarmupCandle(60 * MINUTE, "AAA/USDT", 0, 500_00, 500_00, 500_00, 500_00, 7)
    later = replace(candles([510_00], of=AAA, start=60 * MINUTE)[0], ts=120 * MINUTE)
    setup = Setup(OBEDIENT, [[hour, later], minutes], (AAA, BTC), (60 * MINUTE, MINUTE))
    folds = of_type(CandlesSkipped, assert_same(setup, cuts).entries)
    assert [(fold.first, fold.last) for fold in folds][-2:] == [(1, 39), (41, 72)], "the 40th message was history"


def test_a_fold_that_is_full_closes_in_the_middle_of_what_is_skipped():
    walk = [500_00] * (2 * FOLD_MAX + 50)
    assert_same(Setup(OBEDIENT, [candles(walk)]), cuts=[(FOLD_MAX - 7) * MINUTE])
    assert_same(Setup(CROSS, [candles(walk)]), cuts=[3 * MINUTE])


def test_a_day_that_begins_wakes_the_kernel():
    ran = assert_same(Setup(CROSS, [candles([500_00 + n % 5 for n in range(3100)])]))
    assert sum(r.type == "EquityMarked" for r in ran.records) > 2


def test_an_account_that_is_refused_asks_again_on_the_next_candle():
    """The wish is compared with what is wanted now, which a refusal sets back; a list made before would be wrong."""
    rich = strategy(Cross("fast", "slow"), CROSS.features, quantity="100000")
    ran = assert_same(Setup(rich, [candles([500_00 + 40 * n for n in range(30)])]))
    assert sum(r.type == "RiskRefused" for r in ran.records) > 3


@settings(max_examples=sample(30))
@given(walks.filter(bool), st.sampled_from([CROSS, REVERSION, SCALED, BARS]), venues)
def test_a_candle_that_is_skipped_has_nothing_to_say(walk, of, venue):
    """The promise that skipping stands on: at its time step mode writes no record, but a fold that is full."""
    searched = []

    def searching(*arguments):
        searched.append((arguments[0], next_row(*arguments)))
        return searched[-1][1]

    setup = Setup(of, [market := candles(walk)], venue=venue)
    in_blocks(setup, search=searching)
    skipped = {market[row].ts for first, end in searched for row in range(first, end)}
    inside = ("CandlesSkipped", "MarketEnded", "EquityMarked")
    told = [r for r in stepped(setup).records if r.type not in inside]
    assert not skipped & {record.ts for record in told}


@settings(max_examples=sample(20))
@given(walks, venues, cuts)
def test_the_compiled_search_finds_the_same_rows(walk, venue, cuts):
    setup = Setup((CROSS, BARS_TOO), [candles(walk), candles(walk[::-1], of=ETH)], (BTC, ETH), venue=venue)
    assert in_blocks(setup, cuts, compiled_next_row()).records == stepped(setup).records
