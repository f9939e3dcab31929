"""What may be sent at present, from the restrictions in force."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.risk.trading import SEVERITY, due, over, trading_state
from tests.kernel.risk.made import account, halt

scopes = st.sampled_from(["", "a", "b"])
symbols = st.sampled_from(["", "BTC/USDT", "ETH/USDT"])
halts = st.lists(
    st.builds(halt, scopes, symbols, st.sampled_from(["reducing", "halted"]), until=st.sampled_from([0, 0, 5, 7, 9])),
    max_size=4,
)


def restricted(*these):
    state = account()
    state.halts = list(these)
    return state


@pytest.mark.parametrize(
    ("strategy", "symbol", "covered"),
    [
        ("", "", {("a", "BTC/USDT"), ("a", "ETH/USDT"), ("b", "BTC/USDT"), ("b", "ETH/USDT")}),
        ("a", "", {("a", "BTC/USDT"), ("a", "ETH/USDT")}),
        ("", "BTC/USDT", {("a", "BTC/USDT"), ("b", "BTC/USDT")}),
        ("b", "ETH/USDT", {("b", "ETH/USDT")}),
    ],
)
def test_a_halt_covers_a_strategy_or_all_in_a_market_or_all(strategy, symbol, covered):
    state = restricted(halt(strategy, symbol))
    pairs = {(name, market) for name in "ab" for market in ("BTC/USDT", "ETH/USDT")}
    assert {pair for pair in pairs if trading_state(state, *pair) == "reducing"} == covered
    assert {pair for pair in pairs if trading_state(state, *pair) == "active"} == pairs - covered


def test_the_severest_counts_in_whatever_order_they_came():
    reducing, halted = halt(state="reducing"), halt("a", state="halted")
    for order in ((reducing, halted), (halted, reducing)):
        assert trading_state(restricted(*order), "a", "BTC/USDT") == "halted"
        assert trading_state(restricted(*order), "b", "BTC/USDT") == "reducing"


@given(halts)
def test_another_halt_never_frees_anybody(these):
    for count in range(len(these)):
        before, after = restricted(*these[:count]), restricted(*these[: count + 1])
        for pair in (("a", "BTC/USDT"), ("b", "ETH/USDT")):
            assert SEVERITY[trading_state(after, *pair)] >= SEVERITY[trading_state(before, *pair)]


@given(halts, st.integers(0, 10))
def test_what_is_over_is_so_from_its_time_on_and_due_says_when_that_is_next(these, ts):
    state = restricted(*these)
    assert over(state, ts) == [h for h in these if h.until and h.until <= ts]
    assert bool(over(state, ts)) == (0 < due(state) <= ts)
    assert due(state) in {0} | {h.until for h in these}


def test_a_halt_whose_time_has_come_holds_until_it_is_lifted():
    state = restricted(halt(until=5))
    state.ts = 6
    assert trading_state(state, "a", "BTC/USDT") == "reducing"


def test_a_halt_without_an_end_is_never_over():
    state = restricted(halt(until=0))
    assert (due(state), over(state, 10**20)) == (0, [])
