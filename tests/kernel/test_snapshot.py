"""A restart is no event: a kernel, or a venue, made from a snapshot goes on as the one that never stopped."""

from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.account import Account
from kernel.events import OrderRequested
from kernel.features.declaration import feature
from kernel.instrument import Instrument
from kernel.kernel import Kernel
from kernel.messages import OrderCanceled, SetTradingState
from kernel.models.cross import Cross
from kernel.models.rule import PythonRule
from kernel.orders import Order
from kernel.replay import in_processing_order
from kernel.state import Market, Position, State
from tests.kernel.busy import BUSY, SLOW, STRICT, busy_kernel, busy_run
from tests.kernel.drawn import markets
from tests.kernel.given import (
    BTC,
    CROSS,
    ETH,
    MINUTE,
    OBEDIENT,
    REVERSION,
    account,
    blueprint,
    candles,
    engine,
    filled,
    next_candles,
    opened,
    position,
    run,
    strategy,
    turned,
)

ONE = Decimal(1)
FORGETFUL = strategy(PythonRule("given.py:Forgetful"))
STRATEGIES = [OBEDIENT, CROSS, REVERSION, FORGETFUL]
# The second pair is in no alphabetical order: a snapshot sorts, and must not mix up whose memory is whose.
PAIRS = [(BTC, ETH), (ETH, BTC)]


def messages_of(of, market, pair, fill):
    """The messages of a whole session in processing order, reports included."""
    ran = run(of, market, *pair, fill=fill)
    logged = [entry for entry in ran.entries if hasattr(entry, "after")]
    return list(in_processing_order(market, logged))


@pytest.mark.parametrize("of", STRATEGIES, ids=["obedient", "cross", "reversion", "forgetful"])
@given(markets(BTC, ETH), st.sampled_from(PAIRS), st.sampled_from(["same_close", "next_open"]), st.data())
def test_a_restored_kernel_goes_on_as_if_nothing_had_happened(of, market, pair, fill, data):
    messages = messages_of(of, market, pair, fill)
    cut = data.draw(st.integers(0, len(messages)))
    uninterrupted, restored = Kernel(blueprint(of, pair)), Kernel(blueprint(of, pair))
    turned(uninterrupted, messages[:cut])
    restored.restore(uninterrupted.snapshot())
    assert restored.fingerprint() == uninterrupted.fingerprint()
    assert turned(restored, messages[cut:]) == turned(uninterrupted, messages[cut:])
    assert restored.fingerprint() == uninterrupted.fingerprint()


def in_order(state):
    """What a comparison of dicts does not see."""
    return list(state.markets), [(name, list(book.positions)) for name, book in state.books.items()], list(state.ended)


@given(markets(BTC, ETH), st.sampled_from(PAIRS), st.sampled_from(["same_close", "next_open"]), st.data())
def test_brackets_halts_and_all_strategies_go_on_too(market, pair, fill, data):
    """Their names are in no alphabetical order; guards rest, stops move, protections have stopped trading."""
    fed, ran = busy_run(market, *pair, fill=fill)
    messages = list(in_processing_order(fed, [entry for entry in ran.entries if hasattr(entry, "after")]))
    cut = data.draw(st.integers(0, len(messages)))
    uninterrupted, restored = busy_kernel(pair), busy_kernel(pair)
    turned(uninterrupted, messages[:cut])
    restored.restore(uninterrupted.snapshot())
    assert restored.state == uninterrupted.state
    assert in_order(restored.state) == in_order(uninterrupted.state)
    assert turned(restored, messages[cut:]) == turned(uninterrupted, messages[cut:])
    assert restored.fingerprint() == uninterrupted.fingerprint() == ran.kernel.fingerprint()


def test_a_kernel_in_the_middle_of_everything_goes_on():
    """What chance may miss: a moved stop, an ended order, a quarantine, halts, and a command that lifts them."""
    guarded = (BUSY[0], strategy(BUSY[0].model, name="b"))

    def kernel_of(**more):
        return opened(guarded, account_of=account(kind="margin"), risk=STRICT, **more)

    kernel = kernel_of()
    _, entry, *guards, _, other = turned(kernel, candles([500_01]))
    turned(kernel, [filled(kernel, entry), OrderCanceled(0, 1, guards[-1].order, "oco"), filled(kernel, other)])
    next_candles(kernel, 510_01)
    kernel.turn(replace(filled(kernel, entry), trade_id="too much"))
    next_candles(kernel, 200_00)
    kernel.turn(SetTradingState(0, 3, "reducing", "b", False, "operator"))
    state = kernel.state
    assert any(order.request.replaces for order in state.orders.values())
    assert (len(state.halts) >= 2, bool(state.ended), state.quarantined) == (True, True, [entry.order])
    restored = kernel_of()
    restored.restore(kernel.snapshot())
    assert (restored.state, in_order(restored.state)) == (state, in_order(state))
    lift = SetTradingState(0, 3, "active", "", False, "operator")
    later = [*candles([500_01, 500_02, 500_03], start=3 * MINUTE), lift, *candles([500_01, 500_03], start=9 * MINUTE)]
    assert turned(restored, later) == turned(kernel, later) != []
    assert restored.fingerprint() == kernel.fingerprint()


@given(markets(BTC), st.data())
def test_two_kernels_that_heard_the_same_have_one_fingerprint(market, data):
    """And each message leaves a trace."""
    ours, theirs = opened(REVERSION), opened(REVERSION)
    seen = {ours.fingerprint()}
    for message in market:
        ours.turn(message)
        theirs.turn(message)
        assert ours.fingerprint() == theirs.fingerprint() not in seen
        seen.add(ours.fingerprint())


def test_a_snapshot_is_a_copy():
    kernel = opened(REVERSION)
    turned(kernel, candles(range(500_00, 500_20)))
    snapshot, fingerprint = kernel.snapshot(), kernel.fingerprint()
    restored = opened(REVERSION)
    restored.restore(snapshot)
    turned(restored, candles(range(510_00, 510_20), start=10**15))
    assert kernel.fingerprint() == fingerprint
    assert restored.fingerprint() != fingerprint


def altered(value):
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + "x"
        case bytearray():
            return value + b"x"
        case Decimal():
            return value.next_plus()
        case Instrument():
            return replace(value, lot=value.tick)
        case list():
            return [*value, "volume"]
        case Account():
            return replace(value, leverage=Decimal(2))
        case OrderRequested():
            return replace(value, purpose="exit")
        case dict():
            return value | {"BNB": ONE}


NESTED = {"markets", "books", "orders", "ended"}


@pytest.mark.parametrize("field", [f.name for f in fields(State) if f.name not in NESTED])
def test_no_field_of_the_state_is_left_out_of_its_fingerprint(field):
    kernel = opened(CROSS)
    before = kernel.fingerprint()
    setattr(kernel.state, field, altered(getattr(kernel.state, field)))
    assert kernel.fingerprint() != before


@pytest.mark.parametrize("field", [f.name for f in fields(Market)])
def test_no_field_of_a_market_is_left_out_of_the_fingerprint(field):
    kernel = opened(CROSS)
    before, market = kernel.fingerprint(), kernel.state.markets["BTC/USDT"]
    setattr(market, field, altered(getattr(market, field)))
    assert kernel.fingerprint() != before


@pytest.mark.parametrize("field", [f.name for f in fields(Position)])
def test_no_field_of_a_position_is_left_out_of_the_fingerprint(field):
    kernel = opened(CROSS)
    before, held = kernel.fingerprint(), position(kernel)
    setattr(held, field, altered(getattr(held, field)))
    assert kernel.fingerprint() != before


@pytest.mark.parametrize("kept", ["orders", "ended"])
@pytest.mark.parametrize("field", [f.name for f in fields(Order)])
def test_no_field_of_an_order_is_left_out_of_the_fingerprint(kept, field):
    kernel = opened()
    turned(kernel, candles([500_01]))
    if kept == "ended":
        kernel.turn(OrderCanceled(0, 1, 1, "no liquidity"))
    before, order = kernel.fingerprint(), getattr(kernel.state, kept)[1]
    setattr(order, field, altered(getattr(order, field)))
    assert kernel.fingerprint() != before


def test_a_memory_is_state():
    kernel = opened(FORGETFUL)
    turned(kernel, candles([500_07]))
    before = kernel.fingerprint()
    kernel._pipelines["tested"]["BTC/USDT"].rule.memory.calls += 1
    assert kernel.fingerprint() != before


def test_the_order_in_which_assets_came_into_the_account_does_not_matter():
    ours, theirs = opened(), opened()
    ours.state.balances |= {"BTC": ONE, "BNB": ONE}
    theirs.state.balances |= {"BNB": ONE, "BTC": ONE}
    assert list(ours.state.balances) != list(theirs.state.balances)
    assert ours.fingerprint() == theirs.fingerprint()


def test_what_an_engine_remembers_is_state():
    """Its arrays, and the bar in the making."""
    kernel = opened(strategy(Cross("fast", "slow"), [feature("fast", "ema", period=2, timeframe="5m"), SLOW]))
    turned(kernel, candles([500_00, 501_00]))
    seen, remembering = {kernel.fingerprint()}, engine(kernel)
    remembering.f[remembering.plan.nodes[0].i] += 1.0
    seen.add(kernel.fingerprint())
    remembering.n[-1] += 1
    seen.add(kernel.fingerprint())
    next(iter(remembering._makers.values())).volume += 1
    seen.add(kernel.fingerprint())
    assert len(seen) == 4
