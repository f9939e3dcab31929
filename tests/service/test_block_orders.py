"""Block mode against step mode with all that an order can be, all that can stop it, and all a venue can do to it."""

from hypothesis import given, settings

from tests.service.both_ways import assert_same
from tests.service.drawn_setups import cuts, detailed, setups


@settings(max_examples=150)
@given(setups(), cuts)
def test_one_strategy_in_one_market(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=100)
@given(setups(markets=2, history=True), cuts)
def test_one_strategy_in_two_markets_behind_their_history(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=100)
@given(setups(markets=2, strategies_of=2), cuts)
def test_two_strategies_share_an_account(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=100)
@given(setups(markets=3, kinds=["rotation"]), cuts)
def test_a_rotation_over_three_markets(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=80)
@given(setups(markets=2, strategies_of=3, kinds=["rotation"], history=True), cuts)
def test_a_rotation_beside_others(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=60)
@given(detailed(), cuts)
def test_orders_that_are_filled_on_finer_candles(setup, cuts):
    assert_same(setup, cuts)
