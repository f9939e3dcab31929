"""Where block mode need not look: within the kernel's bounds, before it is due, no candle forces anything."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.blueprint import RiskConfig
from kernel.brackets import Exits
from kernel.events import OrderRequested, TradingStateChanged
from kernel.kernel import Kernel
from kernel.messages import CandleClosed, OrderAccepted
from kernel.risk.protections import DailyLoss, Drawdown
from kernel.timeframe import DAY_NS
from kernel.wake import EVERY, NEVER, NO_TIME, Bounds, tighter
from tests.kernel.given import (
    BTC,
    ETH,
    LONG_AT,
    MINUTE,
    OBEY,
    SHORT_AT,
    account,
    blueprint,
    candles,
    filled,
    next_candles,
    of_type,
    opened,
    strategy,
    turned,
)

EXITS = Exits(stop_loss=Decimal("0.1"), break_even=Decimal("0.05"), minutes=30)
RISK = RiskConfig(protections=(DailyLoss(Decimal("0.02")), Drawdown(Decimal("0.03"), "block", 10)))
MARKETS = (BTC, ETH)
PAIR = (strategy(OBEY, exits=EXITS), strategy(OBEY, name="other", quantity="7", exits=Exits(minutes=50)))


def trading(first, second, cash="50000") -> Kernel:
    """Both strategies hold both markets, long or short; every order was filled at the last close."""
    kernel = opened(PAIR, *MARKETS, account_of=account(MARKETS, Decimal(cash), kind="margin"), risk=RISK)
    for of, close in zip(MARKETS, (first, second), strict=True):
        for order in of_type(OrderRequested, turned(kernel, candles([close], of=of))):
            kernel.turn(OrderAccepted(0, kernel.state.ordinal, order.order, "v"))
            if not order.parent:
                kernel.turn(filled(kernel, order, str(Decimal(close).scaleb(-2))))
    return kernel


def again(kernel: Kernel) -> Kernel:
    other = Kernel(blueprint(PAIR, MARKETS, RISK))
    other.restore(kernel.snapshot())
    return other


def wishless(price):
    return price - price % 10 + 5


sides = st.sampled_from([LONG_AT, SHORT_AT])
shares = st.floats(0.001, 0.999)


@given(sides, sides, st.lists(st.tuples(st.sampled_from(MARKETS), shares, shares), min_size=1, max_size=8))
def test_within_the_bounds_and_before_it_is_due_nothing_is_forced(first, second, steps):
    """Candles as extreme as the bounds allow, in both markets, while the bounds stay as they were at first."""
    kernel = trading(first, second)
    bounds = {of: kernel.bounds(of.symbol) for of in MARKETS}
    for minute, (of, low, high) in enumerate(steps, 1):
        last = kernel.state.markets[of.symbol].last
        floor, ceiling = max(bounds[of].low, 1), min(bounds[of].high, 10**7)
        bottom = min(last, floor + 1 + int(low * (last - floor - 1)))
        top = max(last, ceiling - 1 - int(high * (ceiling - 1 - last)))
        close = next((p for p in (bottom, top) if p % 10 not in (1, 2, 3)), wishless((bottom + top) // 2))
        opens = minute * MINUTE
        assert opens + MINUTE < kernel.due()
        assert list(kernel.turn(CandleClosed(opens + MINUTE, of.symbol, opens, last, top, bottom, close, 1))) == []


@given(sides, sides)
def test_what_is_beyond_the_bounds_of_a_stop_moves_it(first, second):
    kernel = trading(first, second)
    up = first == LONG_AT
    level = kernel.state.orders[2].request.advance_at
    bound = kernel.bounds("BTC/USDT")[int(up)]
    assert abs(Decimal(bound).scaleb(-2) - level) <= Decimal("0.01")
    assert of_type(OrderRequested, next_candles(again(kernel), wishless(bound + (10 if up else -10)))) != []


@pytest.mark.parametrize(("at", "lost"), [(LONG_AT, -1), (SHORT_AT, 1)])
def test_a_loss_large_enough_for_a_protection_is_beyond_the_bounds(at, lost):
    """16 units of 500 make 8,000; two percent of 50,000 are lost when both markets move by 62.5."""
    kernel = trading(at, at)
    assert kernel.bounds("BTC/USDT")[lost > 0] == pytest.approx(500_00 + lost * 62_50, abs=10)
    kernel.turn(candles([wishless(500_00 + lost * 124_00)], start=MINUTE)[0])
    (change, *_) = of_type(TradingStateChanged, next_candles(kernel, wishless(500_00 + lost * 126_00)))
    assert change.cause == "daily_loss"


def test_it_is_due_when_a_clock_or_a_halt_runs_out():
    kernel = trading(LONG_AT, LONG_AT)
    assert kernel.due() == 31 * MINUTE
    next_candles(kernel, wishless(300_00))
    halts = [h.until for h in kernel.state.halts]
    assert kernel.due() == min(31 * MINUTE, *halts) < DAY_NS


def test_a_kernel_that_forces_nothing_never_wakes():
    kernel = opened(strategy(OBEY))
    _, entry = turned(kernel, candles([LONG_AT]))
    kernel.turn(filled(kernel, entry))
    assert (kernel.bounds("BTC/USDT"), kernel.due()) == (NEVER, NO_TIME)


def test_before_everything_has_a_price_every_candle_matters():
    balances = {"USDT": Decimal(1000), "ETH": Decimal(1)}
    kernel = opened(PAIR, *MARKETS, account_of=account(MARKETS, balances=balances), risk=RISK)
    turned(kernel, candles([500_00]))
    assert kernel.bounds("BTC/USDT") == EVERY


def test_the_tighter_of_two_bounds_wakes_where_either_would():
    assert tighter(Bounds(1, 9), Bounds(2, 8)) == tighter(Bounds(2, 9), Bounds(1, 8)) == Bounds(2, 8)
