"""A rotation over three markets: one decision an instant, exits before entries, and entries that wait for exits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.events import CandlesSkipped, DecisionMade, OrderRequested
from kernel.features.declaration import feature
from kernel.messages import InstantClosed, MarketEnded, OrderAccepted
from kernel.models.rotation import Rotation
from kernel.skip import SkipReason
from kernel.strategy import Cooldown
from tests.kernel.given import (
    BTC,
    ETH,
    MINUTE,
    OBEDIENT,
    candles,
    filled,
    fold,
    instrument,
    merged,
    of_type,
    opened,
    position,
    served,
    strategy,
    turned,
    with_instants,
)

SOL = instrument("SOL/USDT")
MARKETS = (BTC, ETH, SOL)
PRICE = feature("price", "ema", period=1)


def rotation(*, hold=1, at_least=0.0, minutes=1, score=PRICE, **more):
    """The score is the price itself, so that the dearest market is the strongest."""
    return strategy(Rotation(score.name, hold, at_least, minutes), [score], **more)


def instant(minute, *closes):
    """Closes of the three markets in one minute, None for one that does not trade in it; and the instant's end."""
    start = minute * MINUTE
    made = [
        candle
        for of, close in zip(MARKETS, closes, strict=True)
        for candle in candles([] if close is None else [close], of=of, start=start)
    ]
    return [*made, InstantClosed(start + MINUTE)]


def test_the_strongest_is_bought_when_every_candle_has_come():
    kernel = opened(rotation(), *MARKETS)
    *candles_of_all, end = instant(0, 500_00, 600_00, 400_00)
    assert turned(kernel, candles_of_all) == []
    assert fold(kernel) == bytes([SkipReason.INSTANT_OPEN] * 3)
    skipped, decision, order = kernel.turn(end)
    assert (skipped.first, skipped.last) == (1, 3)
    assert (decision.symbol, decision.candle, decision.direction, decision.ts) == ("ETH/USDT", 4, 1, MINUTE)
    assert (order.symbol, order.side, order.quantity, order.candle) == ("ETH/USDT", "buy", 1, 4)
    assert fold(kernel) == b""


@pytest.mark.parametrize(
    ("hold", "at_least", "closes", "held"),
    [
        (1, 0.0, (400_00, 500_00, 600_00), ["SOL/USDT"]),
        (2, 0.0, (400_00, 500_00, 600_00), ["ETH/USDT", "SOL/USDT"]),
        (3, 0.0, (400_00, 500_00, 600_00), ["BTC/USDT", "ETH/USDT", "SOL/USDT"]),
        (9, 0.0, (400_00, 500_00, 600_00), ["BTC/USDT", "ETH/USDT", "SOL/USDT"]),
        (2, 500.0, (400_00, 500_00, 600_00), ["SOL/USDT"]),  # above, not at
        (2, 600.0, (400_00, 500_00, 600_00), []),
        (1, 0.0, (600_00, 600_00, 600_00), ["BTC/USDT"]),
        (2, 0.0, (400_00, 600_00, 400_00), ["BTC/USDT", "ETH/USDT"]),
    ],
)
def test_the_strongest_are_held(hold, at_least, closes, held):
    kernel = opened(rotation(hold=hold, at_least=at_least), *MARKETS)
    decided = of_type(DecisionMade, turned(kernel, instant(0, *closes)))
    assert [d.symbol for d in decided] == held
    assert held or fold(kernel)[-1] == SkipReason.TARGET_UNCHANGED


def test_exits_come_before_entries_and_entries_wait_for_them():
    kernel = opened(rotation(), *MARKETS)
    *_, first = turned(kernel, instant(0, 400_00, 600_00, 500_00))
    kernel.turn(filled(kernel, first))
    skipped, decision, leaving = turned(kernel, instant(1, 700_00, 600_00, 500_00))
    assert skipped.counts == {"instant_open": 3}
    assert (decision.symbol, decision.direction) == ("ETH/USDT", 0)
    assert (leaving.symbol, leaving.side, leaving.reduce_only) == ("ETH/USDT", "sell", True)
    kernel.turn(OrderAccepted(0, kernel.state.ordinal, leaving.order, "v2"))
    assert turned(kernel, instant(2, 700_00, 600_00, 500_00)) == []
    assert fold(kernel) == bytes([SkipReason.INSTANT_OPEN] * 3 + [SkipReason.AWAITING_EXIT])
    kernel.turn(filled(kernel, leaving))
    _, decision, entering = turned(kernel, instant(3, 700_00, 600_00, 500_00))
    assert (decision.symbol, entering.side) == ("BTC/USDT", "buy")


def test_an_exit_does_not_wait_for_another():
    kernel = opened(rotation(hold=2), *MARKETS)
    for order in of_type(OrderRequested, turned(kernel, instant(0, 700_00, 600_00, 500_00))):
        kernel.turn(filled(kernel, order))
    first = of_type(OrderRequested, turned(kernel, instant(1, 400_00, 600_00, 500_00)))
    second = of_type(OrderRequested, turned(kernel, instant(2, 400_00, 300_00, 500_00)))
    assert [(o.symbol, o.side) for o in (*first, *second)] == [("BTC/USDT", "sell"), ("ETH/USDT", "sell")]


def test_it_decides_at_its_own_times_of_the_clock():
    kernel = opened(rotation(minutes=5), *MARKETS)
    for minute in range(3, 9):
        events = turned(kernel, instant(minute, 400_00, 600_00, 500_00))
        assert bool(events) is (minute == 4), "the fifth minute ends at five"
        if not events:
            assert fold(kernel)[-1] == SkipReason.NOT_DUE
        assert kernel.is_due("tested", (minute + 1) * MINUTE) is (minute == 4)


def test_what_waited_for_an_exit_is_taken_up_at_the_next_instant_due_or_not():
    kernel = opened(rotation(minutes=5), *MARKETS)
    *_, first = turned(kernel, instant(4, 400_00, 600_00, 500_00))
    kernel.turn(filled(kernel, first))
    assert turned(kernel, instant(5, 700_00, 600_00, 500_00)) == [], "not due"
    *_, leaving = turned(kernel, instant(9, 700_00, 600_00, 500_00))
    assert kernel.due() == 0, "every message matters"
    assert turned(kernel, instant(10, 700_00, 600_00, 500_00)) == []
    assert fold(kernel)[-1] == SkipReason.AWAITING_EXIT
    kernel.turn(filled(kernel, leaving))
    *_, decision, entering = turned(kernel, instant(11, 700_00, 600_00, 500_00))
    assert (decision.symbol, entering.side) == ("BTC/USDT", "buy")
    kernel.turn(filled(kernel, entering))
    assert turned(kernel, instant(12, 100_00, 600_00, 500_00)) == []
    assert fold(kernel)[-1] == SkipReason.NOT_DUE


def test_a_market_that_is_still_warming_up_is_left_as_it_is():
    kernel = opened(rotation(score=feature("mean", "sma", period=2)), *MARKETS)
    assert turned(kernel, instant(0, 400_00, 600_00, None)) == []
    assert fold(kernel)[-1] == SkipReason.WARMING_UP
    (decision,) = of_type(DecisionMade, turned(kernel, instant(1, 400_00, 600_00, 900_00)))
    assert decision.symbol == "ETH/USDT", "nobody knows yet how strong the other is"


def test_a_market_without_a_candle_at_the_instant_is_left_as_it_is():
    kernel = opened(rotation(), *MARKETS)
    *_, bought = turned(kernel, instant(0, 400_00, 600_00, 500_00))
    kernel.turn(filled(kernel, bought))
    events = turned(kernel, instant(1, 300_00, None, 200_00))
    assert [d.symbol for d in of_type(DecisionMade, events)] == ["BTC/USDT"]
    assert position(kernel, "ETH/USDT").direction == 1
    assert turned(kernel, instant(2, None, None, None)) == []
    assert fold(kernel)[-1] == SkipReason.WARMING_UP


def test_a_market_whose_score_is_no_number_is_left_as_it_is():
    """A return on a price of zero is none."""
    kernel = opened(rotation(score=feature("return", "roc", period=1), at_least=-1.0), *MARKETS)
    turned(kernel, instant(0, 100_00, 0, 100_00))
    (decision,) = of_type(DecisionMade, turned(kernel, instant(1, 101_00, 900_00, 102_00)))
    assert decision.symbol == "SOL/USDT"


def test_filters_hold_back_its_entries_and_not_its_exits():
    kernel = opened(rotation(filters=[Cooldown(100)]), *MARKETS)
    served(kernel, instant(0, 400_00, 600_00, 500_00))
    served(kernel, instant(1, 600_00, 400_00, 500_00))
    assert position(kernel, "ETH/USDT").quantity == 0
    (decision,) = of_type(DecisionMade, served(kernel, instant(2, 400_00, 600_00, 900_00)))
    assert decision.symbol == "SOL/USDT", "it was not decided on before"
    served(kernel, instant(3, 400_00, 600_00, 300_00))
    assert served(kernel, instant(4, 400_00, 600_00, 300_00)) == []
    assert fold(kernel)[-1] == SkipReason.COOLING_DOWN


def test_who_decides_on_candles_does_not_care_for_instants():
    kernel = opened((rotation(), strategy(OBEDIENT.model, name="obedient")), *MARKETS)
    assert kernel.waits("tested")
    assert not kernel.waits("obedient")
    turned(kernel, instant(0, 500_00, 500_00, 500_00))
    assert fold(kernel, "obedient") == bytes([SkipReason.NO_OPINION] * 3 + [SkipReason.NOT_TRADED])
    skipped = of_type(CandlesSkipped, kernel.turn(MarketEnded(0, 4)))
    assert [s.strategy for s in skipped] == ["obedient"], "the rotation has decided on the last message"


def test_only_its_own_markets_compete():
    kernel = opened(rotation(symbols=("BTC/USDT", "SOL/USDT")), *MARKETS)
    (decision,) = of_type(DecisionMade, turned(kernel, instant(0, 400_00, 600_00, 500_00)))
    assert decision.symbol == "SOL/USDT"
    assert fold(kernel) == b""
    turned(kernel, instant(1, 400_00, 600_00, 500_00))
    expected = [SkipReason.INSTANT_OPEN, SkipReason.NOT_TRADED, SkipReason.INSTANT_OPEN, SkipReason.TARGET_UNCHANGED]
    assert fold(kernel) == bytes(expected)


hundreds = st.integers(1, 6).map(lambda n: n * 100_00)
walks = st.lists(st.tuples(hundreds, hundreds, hundreds), min_size=1, max_size=12)


@given(walks, st.integers(1, 3), st.sampled_from([0.0, 250.0]))
def test_two_quiet_instants_later_the_strongest_are_what_is_held(walk, hold, at_least):
    """Before that never more than `hold`, and never an entry beside an exit."""
    kernel = opened(rotation(hold=hold, at_least=at_least), *MARKETS)
    market = merged(*(candles([*column, column[-1], column[-1]], of=of)
                      for of, column in zip(MARKETS, zip(*walk, strict=True), strict=True)))  # fmt: skip
    for message in with_instants(market):
        decided = {d.direction for d in of_type(DecisionMade, served(kernel, [message]))}
        assert len(decided) <= 1
        held = [of for of in MARKETS if position(kernel, of.symbol).quantity]
        assert len(held) <= hold
        assert sum(position(kernel, of.symbol).quantity for of in held) == len(held)
    ranked = sorted(zip(MARKETS, walk[-1], strict=True), key=lambda pair: (-pair[1], pair[0].symbol))
    assert {of.symbol for of in held} == {of.symbol for of, price in ranked[:hold] if price > at_least * 100}
