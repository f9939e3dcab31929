"""Limits that an operator sets while a stream runs: they judge as configured ones do, and survive a restart."""

from decimal import Decimal

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.blueprint import RiskConfig
from kernel.events import CommandRefused, LimitsChanged, OrderRequested, RiskRefused
from kernel.kernel import Kernel
from kernel.limits import Limits
from kernel.messages import ChangeLimits
from kernel.risk.approve import Approved, Risk
from tests.kernel.given import (
    FLAT_AT,
    LONG_AT,
    MINUTE,
    OBEY,
    blueprint,
    candles,
    next_candles,
    of_type,
    opened,
    served,
    strategy,
    turned,
)
from tests.kernel.risk.drawn import accounts, limits, wishes
from tests.kernel.risk.made import NOW

OTHER = Limits(max_position=Decimal(1_000), max_candle_age_minutes=1)
NONE, SMALL = Limits(), Limits(max_position=Decimal("0.5"))
PAIR = (strategy(OBEY), strategy(OBEY, name="other", limits=SMALL))


ages = st.sampled_from([None, None, None, 0, 1])
limited = st.builds(lambda some, age: replace(some, max_candle_age_minutes=age), limits, ages)


def change(kernel, given, of=""):
    return list(kernel.turn(ChangeLimits(NOW, kernel.state.ordinal, of, given, "ops", "key")))


@settings(max_examples=300)
@given(st.sampled_from(["margin", "cash"]).flatmap(accounts), wishes, limited, limited, st.integers(0, 2))
def test_they_judge_as_those_of_a_configuration_do(state, asked, own, together, old):
    """Whatever was configured, looser or stricter; and where one of the two was changed, the other stays."""
    asked = asked._replace(ts=NOW + old * MINUTE)
    expected = Risk(together, {asked.strategy: own}).approve(state, asked)
    event("approved" if isinstance(expected, Approved) else expected.reason)
    for changed in ({"": together}, {asked.strategy: own}, {"": together, asked.strategy: own}):
        state.limits = changed
        configured = NONE if "" in changed else together, {asked.strategy: OTHER if asked.strategy in changed else own}
        assert Risk(*configured).approve(state, asked) == expected


@pytest.mark.parametrize("of", ["", "tested"])
def test_an_entry_keeps_the_limits_of_the_moment(of):
    kernel = opened()
    assert change(kernel, SMALL, of) == [LimitsChanged(NOW, of, SMALL, "ops")]
    refused = turned(kernel, candles([LONG_AT]))[-1]
    whose = "strategy tested" if of else "account"
    assert (type(refused), refused.reason, refused.detail) == (RiskRefused, "max_position", f"1 > 0.5 BTC ({whose})")
    change(kernel, NONE, of)
    assert isinstance(next_candles(kernel, LONG_AT)[-1], OrderRequested)


def test_other_strategies_and_what_is_sent_already_are_left_alone():
    kernel = opened(PAIR)
    change(kernel, SMALL, "tested")
    change(kernel, NONE, "other")
    entered = of_type(OrderRequested, turned(kernel, candles([LONG_AT])))
    assert [e.strategy for e in entered] == ["other"]
    assert len(change(kernel, Limits(max_open_orders=0), "other")) == 1, "its order stays"


def test_what_takes_a_position_back_passes_limits_that_it_exceeds():
    kernel = opened()
    served(kernel, candles([LONG_AT]))
    change(kernel, SMALL, "tested")
    (leaving,) = of_type(OrderRequested, next_candles(kernel, FLAT_AT))
    assert leaving.side == "sell"


def test_a_restored_kernel_holds_them_too():
    configured = RiskConfig(SMALL)
    kernel = opened(PAIR, risk=configured)
    before = kernel.fingerprint()
    change(kernel, Limits(max_position=Decimal("1.50")))
    change(kernel, NONE, "other")
    assert kernel.fingerprint() != before
    restored = Kernel(blueprint(PAIR, risk=configured))
    restored.restore(kernel.snapshot())
    assert (restored.state.limits, restored.fingerprint()) == (kernel.state.limits, kernel.fingerprint())
    market = candles([LONG_AT, FLAT_AT, LONG_AT])
    assert served(restored, market) == served(kernel, market)
    assert len(of_type(RiskRefused, served(kernel, candles([LONG_AT], start=9 * MINUTE)))) == 1, "both are 2 together"


@pytest.mark.parametrize(
    ("of", "given", "reason"),
    [
        ("nobody", NONE, "no_such_strategy"),
        ("tested", Limits(max_leverage=Decimal("1E+20")), "invalid_max_leverage"),
        ("", Limits(price_band=Decimal("1E-19")), "invalid_price_band"),
        ("", Limits(max_position=Decimal("0E-999999")), "invalid_max_position"),
    ],
)
def test_limits_that_cannot_be_are_refused(of, given, reason):
    kernel = opened()
    before = kernel.fingerprint()
    (refused,) = change(kernel, given, of)
    assert (type(refused), refused.command, refused.reason) == (CommandRefused, "ChangeLimits", reason)
    assert kernel.fingerprint() == before


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "-1E-9"])
def test_no_limit_is_below_zero_or_no_number(text):
    with pytest.raises(ValueError, match="max_leverage is "):
        Limits(max_leverage=Decimal(text))
