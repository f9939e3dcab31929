"""A restart is no event: a kernel, or a venue, made from a snapshot goes on as the one that never stopped."""

from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.features.declaration import feature
from kernel.instrument import Instrument
from kernel.kernel import Kernel
from kernel.models.cross import Cross
from kernel.models.rule import PythonRule
from kernel.orders import Order, OrderState
from kernel.replay import in_processing_order
from kernel.state import Market, State
from tests.kernel.drawn import markets
from tests.kernel.given import BTC, CROSS, ETH, OBEDIENT, REVERSION, blueprint, candles, opened, run, strategy, turned

ONE = Decimal(1)
FORGETFUL = strategy(PythonRule("given.py:Forgetful"))
SLOW = feature("slow", "ema", period=4)
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
        case dict():
            return value | {1: Order(1, "s", "BTC/USDT", "buy", ONE, ONE, OrderState.OPEN, False, [])}


@pytest.mark.parametrize("field", [f.name for f in fields(State) if f.name not in {"markets", "balances", "fees"}])
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


@pytest.mark.parametrize("field", ["balances", "fees"])
def test_no_amount_is_left_out_of_the_fingerprint(field):
    kernel = opened(CROSS)
    before = kernel.fingerprint()
    getattr(kernel.state, field)["BNB"] = ONE
    assert kernel.fingerprint() != before


def test_a_memory_is_state():
    kernel = opened(FORGETFUL)
    turned(kernel, candles([500_07]))
    before = kernel.fingerprint()
    kernel._pipelines["BTC/USDT"].rule.memory.calls += 1
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
    seen, engine = {kernel.fingerprint()}, kernel.engines["BTC/USDT"]
    engine.f[engine.plan.nodes[0].i] += 1.0
    seen.add(kernel.fingerprint())
    engine.n[-1] += 1
    seen.add(kernel.fingerprint())
    next(iter(engine._makers.values())).volume += 1
    seen.add(kernel.fingerprint())
    assert len(seen) == 4
