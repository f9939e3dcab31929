"""What breaches a protection, just so and just not; for whom, for how long, and that it does not repeat itself."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.messages import CandleClosed
from kernel.money import from_units, subtract
from kernel.risk.protections import (
    DailyLoss,
    Drawdown,
    ExitCooldown,
    LosingStreak,
    Protection,
    VolatilitySpike,
    equity_floor,
    on_candle,
    on_equity,
    on_round_trip,
)
from kernel.risk.trading import trading_state
from kernel.timeframe import DAY_NS, parse_time
from tests.kernel.risk.made import MINUTE, NOW, account, halt

CENT = Decimal("0.01")
FIVE, TEN = Decimal("0.05"), Decimal("0.1")
NOON = parse_time("2022-06-13T12:00Z")
MIDNIGHT = parse_time("2022-06-14T00:00Z")


def watched(*, day="10000", peak="12000", losses=0, halts=()):
    state = account()
    state.day_equity, state.peak = Decimal(day), Decimal(peak)
    state.books["a"].positions["BTC/USDT"].losses = losses
    state.halts = list(halts)
    return state


def candle(low, high, ts=NOW):
    return CandleClosed(ts, "BTC/USDT", ts - MINUTE, low, high, low, high, 1)


def spiked(protections, state, low, high):
    return on_candle(protections, state, state.markets["BTC/USDT"], candle(low, high))


def put_in_force(state, breach):
    state.halts.append(halt(breach.strategy, breach.symbol, breach.state, breach.cause, breach.until))


# Losses of the account.


@pytest.mark.parametrize(("protection", "floor"), [(DailyLoss(FIVE), "9500"), (Drawdown(TEN), "10800")])
def test_a_loss_breaches_from_its_share_on(protection, floor):
    state, floor = watched(), Decimal(floor)
    assert on_equity([protection], state, NOON, from_units(int(floor) * 100 + 1, 2)) == []
    (breach,) = on_equity([protection], state, NOON, floor)
    assert breach[:4] == ("", "", "halted", protection.__struct_config__.tag)
    assert (breach.action, breach.detail) == ("flatten", f"{floor} <= {floor} USDT")
    assert on_equity([protection], state, NOON, Decimal(-1)), "even more so when everything is lost"


@pytest.mark.parametrize("protection", [DailyLoss(FIVE), Drawdown(TEN)])
def test_nothing_is_lost_before_anything_was_there(protection):
    assert on_equity([protection], watched(day="0", peak="0"), NOON, Decimal(0)) == []


@pytest.mark.parametrize(
    ("ts", "midnight"),
    [(NOON, MIDNIGHT), (MIDNIGHT - 1, MIDNIGHT), (MIDNIGHT, MIDNIGHT), (MIDNIGHT + 1, MIDNIGHT + DAY_NS)],
)
def test_a_daily_loss_is_over_when_the_last_candle_of_its_day_has_closed(ts, midnight):
    (breach,) = on_equity([DailyLoss(FIVE)], watched(), ts, Decimal(1))
    assert breach.until == midnight + 1


@pytest.mark.parametrize(("action", "becomes"), [("block", "reducing"), ("reduce", "reducing"), ("flatten", "halted")])
@pytest.mark.parametrize(("minutes", "until"), [(0, 0), (30, NOON + 30 * MINUTE)])
def test_a_drawdown_pauses_for_as_long_as_it_says_or_until_an_operator(action, becomes, minutes, until):
    (breach,) = on_equity([Drawdown(TEN, action, minutes)], watched(), NOON, Decimal(1))
    assert (breach.state, breach.until, breach.action) == (becomes, until, action)


def test_each_protection_speaks_for_itself():
    breaches = on_equity([Drawdown(TEN), DailyLoss(FIVE, "reduce")], watched(), NOON, Decimal(9000))
    assert [(b.cause, b.state) for b in breaches] == [("drawdown", "halted"), ("daily_loss", "reducing")]


def test_a_severer_one_of_the_same_kind_still_breaches():
    tiers = [Drawdown(FIVE, "block", 60), Drawdown(TEN, "flatten")]
    state = watched()
    (first,) = on_equity(tiers, state, NOON, Decimal(11_000))
    put_in_force(state, first)
    assert on_equity(tiers, state, NOON, Decimal(11_000)) == []
    (second,) = on_equity(tiers, state, NOON, Decimal(10_000))
    assert (first.state, second.state) == ("reducing", "halted")
    put_in_force(state, second)
    assert on_equity(tiers, state, NOON, Decimal(1)) == []


# A wild market.


@pytest.mark.parametrize(("rate", "low", "high"), [("0.05", 100_00, 105_00), ("0.3333", 3_0000, 3_9999), ("2", 1, 3)])
def test_a_range_breaches_from_its_share_of_the_low_on(rate, low, high):
    protections = [VolatilitySpike(Decimal(rate))]
    assert spiked(protections, watched(), low, high - 1) == []
    (breach,) = spiked(protections, watched(), low, high)
    assert breach[:6] == ("", "BTC/USDT", "reducing", "volatility_spike", 0, breach.detail)


def test_a_wild_market_is_closed_to_every_strategy_and_others_stay_open():
    state = watched()
    (breach,) = spiked([VolatilitySpike(FIVE, "flatten", 10)], state, 100_00, 110_00)
    assert (breach.until, breach.detail) == (NOW + 10 * MINUTE, "from 100 to 110: 0.05 or more")
    put_in_force(state, breach)
    assert trading_state(state, "a", "BTC/USDT") == trading_state(state, "b", "BTC/USDT") == "halted"
    assert trading_state(state, "a", "ETH/USDT") == "active"


# Round trips.


@pytest.mark.parametrize(("losses", "breached"), [(0, False), (2, False), (3, True), (4, True)])
def test_a_losing_streak_breaches_from_its_length_on(losses, breached):
    found = on_round_trip([LosingStreak(3, pause_minutes=5)], watched(losses=losses), "a", "BTC/USDT", NOON)
    scopes = [(b.strategy, b.symbol, b.state, b.cause, b.until) for b in found]
    assert scopes == [("a", "BTC/USDT", "reducing", "losing_streak", NOON + 5 * MINUTE)] * breached


@pytest.mark.parametrize(
    ("after", "losses", "breached"), [("any", 0, True), ("any", 1, True), ("loss", 0, False), ("loss", 1, True)]
)
def test_a_cooldown_follows_every_exit_or_every_losing_one(after, losses, breached):
    found = on_round_trip([ExitCooldown(15, after)], watched(losses=losses), "a", "BTC/USDT", NOON)
    scopes = [(b.strategy, b.symbol, b.state, b.cause, b.until, b.action) for b in found]
    assert scopes == [("a", "BTC/USDT", "reducing", "exit_cooldown", NOON + 15 * MINUTE, "block")] * breached


def test_a_losing_streak_of_one_strategy_leaves_the_other_alone():
    state = watched(losses=3)
    assert on_round_trip([LosingStreak(3)], state, "b", "BTC/USDT", NOON) == []
    assert on_round_trip([LosingStreak(3)], state, "a", "ETH/USDT", NOON) == []


# What is in force.

EVERY = [DailyLoss(FIVE), Drawdown(FIVE), VolatilitySpike(FIVE, "flatten"), LosingStreak(1), ExitCooldown(1)]


def breaches(protections, state):
    return [
        *on_equity(protections, state, NOW, Decimal(1)),
        *spiked(protections, state, 100, 200),
        *on_round_trip(protections, state, "a", "BTC/USDT", NOW),
    ]


def test_what_is_in_force_is_not_breached_again_until_it_is_lifted():
    state = watched(losses=1)
    found = breaches(EVERY, state)
    assert len(found) == len(EVERY)
    for breach in found:
        put_in_force(state, breach)
        assert breach.cause not in {b.cause for b in breaches(EVERY, state)}
    state.halts.pop()
    assert [b.cause for b in breaches(EVERY, state)] == [found[-1].cause]


@pytest.mark.parametrize("other", [halt("a"), halt(symbol="ETH/USDT"), halt(cause="drawdown")])
def test_a_halt_of_another_scope_or_cause_is_not_the_same(other):
    state = watched(halts=[other])
    assert [b.cause for b in on_equity([DailyLoss(FIVE)], state, NOON, Decimal(1))] == ["daily_loss"]


# The floor.

shares = st.integers(1, 100).map(lambda percent: from_units(percent, 2))
equity_protections = st.lists(
    st.builds(DailyLoss, shares, st.sampled_from(["block", "flatten"]))
    | st.builds(Drawdown, shares, st.sampled_from(["block", "flatten"]))
    | st.just(LosingStreak(1)),
    max_size=4,
)


@given(
    equity_protections, st.sets(st.sampled_from(["daily_loss", "drawdown"])), st.sampled_from(["reducing", "halted"])
)
def test_the_floor_is_where_the_first_breach_is(protections, causes, becomes):
    state = watched(halts=[halt(state=becomes, cause=cause) for cause in sorted(causes)])
    floor = equity_floor(protections, state)
    if floor is None:
        assert on_equity(protections, state, NOON, Decimal(-(10**9))) == []
    else:
        assert on_equity(protections, state, NOON, floor)
        assert on_equity(protections, state, NOON, subtract(floor, Decimal("-1E-9"))) == []


# What cannot be configured.


@pytest.mark.parametrize(
    "text",
    [
        '{"kind":"daily_loss","limit":"0"}',
        '{"kind":"daily_loss","limit":"1.01"}',
        '{"kind":"drawdown","limit":"-0.1"}',
        '{"kind":"drawdown","limit":"0.1","pause_minutes":-1}',
        '{"kind":"drawdown","limit":"0.1","action":"pray"}',
        '{"kind":"losing_streak","losses":0}',
        '{"kind":"exit_cooldown","minutes":0}',
        '{"kind":"exit_cooldown","minutes":5,"action":"flatten"}',
        '{"kind":"volatility_spike","range_rate":"0"}',
        '{"kind":"daily_loss","limit":"0.1","limits":"0.2"}',
        '{"kind":"daily_lost","limit":"0.1"}',
    ],
)
def test_a_protection_that_makes_no_sense_is_refused(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Protection)


@pytest.mark.parametrize("protection", [*EVERY, DailyLoss(Decimal(1)), Drawdown(Decimal(1), "reduce", 1)])
def test_a_protection_is_written_as_it_is_read(protection):
    assert msgspec.json.decode(msgspec.json.encode(protection), type=Protection) == protection
