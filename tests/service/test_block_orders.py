"""Block mode against step mode with all that an order can be, all that can stop it, and all a venue can do to it."""

from hypothesis import given, settings

from tests.campaign import sample
from tests.service.both_ways import assert_same
from tests.service.drawn_setups import cuts, detailed, quiet_setups, setups


@settings(max_examples=sample(50))
@given(setups(), cuts)
def test_one_strategy_in_one_market(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=sample(40))
@given(setups(markets=2, history=True), cuts)
def test_one_strategy_in_two_markets_behind_their_history(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=sample(40))
@given(setups(markets=2, strategies_of=2), cuts)
def test_two_strategies_share_an_account(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=sample(40))
@given(setups(markets=3, kinds=["rotation"]), cuts)
def test_a_rotation_over_three_markets(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=sample(30))
@given(setups(markets=2, strategies_of=3, kinds=["rotation"], history=True), cuts)
def test_a_rotation_beside_others(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=sample(25))
@given(detailed(), cuts)
def test_orders_that_are_filled_on_finer_candles(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=sample(50))
@given(quiet_setups(markets=3, strategies_of=2), cuts)
def test_the_worth_of_the_account_is_watched_where_nothing_else_happens(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=sample(30))
@given(quiet_setups(markets=3, kinds=["rotation"], protected=False), cuts)
def test_what_a_rotation_has_left_open_is_taken_up_at_the_next_instant(setup, cuts):
    assert_same(setup, cuts)


@settings(max_examples=sample(30))
@given(quiet_setups(markets=1, protected=False), cuts)
def test_stops_move_where_nothing_else_happens(setup, cuts):
    assert_same(setup, cuts)
