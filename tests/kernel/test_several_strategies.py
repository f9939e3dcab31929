"""Several strategies on one account: each has its own folds and positions, all spend the same money, in their order."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ConfigError
from kernel.events import CandlesSkipped, DecisionMade, OrderRequested, PositionChanged, RiskRefused
from kernel.limits import Limits
from kernel.messages import MarketEnded, OrderFilled
from kernel.models.rule import PythonRule
from kernel.money import add
from kernel.skip import SkipReason
from tests.kernel.busy import BUSY, FREE, STRICT, busy_run
from tests.kernel.drawn import markets
from tests.kernel.given import (
    BTC,
    CASH,
    CROSS,
    ETH,
    FLAT_AT,
    LONG_AT,
    MINUTE,
    NEITHER_AT,
    OBEDIENT,
    OBEY,
    REVERSION,
    account,
    candles,
    filled,
    fold,
    next_candles,
    of_type,
    opened,
    position,
    run,
    strategy,
    turned,
)

OTHER = strategy(OBEY, name="other", quantity="2")
BOTH = (OBEDIENT, OTHER)


def named(of, name):
    return strategy(
        of.model, of.features, name=name, quantity=str(of.execution.quantity), gate=of.gate, filters=of.filters
    )


TRIO = (named(REVERSION, "z"), named(CROSS, "a"), named(OBEDIENT, "m"))


def test_they_decide_in_their_order_whatever_their_names_are():
    for pair in (BOTH, BOTH[::-1]):
        events = turned(opened(pair), candles([LONG_AT]))
        assert [(e.strategy, type(e)) for e in events] == [
            (of.name, kind) for of in pair for kind in (DecisionMade, OrderRequested)
        ]
        assert [e.order for e in of_type(OrderRequested, events)] == [1, 2]


def test_positions_are_apart_and_balances_together():
    kernel = opened(BOTH)
    _, first, _, second = turned(kernel, candles([LONG_AT]))
    kernel.turn(filled(kernel, first, "500"))
    kernel.turn(filled(kernel, second, "510"))
    assert (position(kernel).quantity, position(kernel).cost) == (1, 500)
    assert (position(kernel, name="other").quantity, position(kernel, name="other").cost) == (2, 1020)
    assert (kernel.state.balances["BTC"], kernel.state.balances["USDT"]) == (3, CASH - 1520)
    _, leaving, _, theirs = next_candles(kernel, FLAT_AT)
    assert (leaving.quantity, theirs.quantity) == (1, 2)
    kernel.turn(filled(kernel, leaving, "505"))
    assert (position(kernel).quantity, position(kernel, name="other").quantity) == (0, 2)
    assert [kernel.state.books[name].round_trips for name in ("tested", "other")] == [1, 0]


def test_the_first_takes_the_money_and_the_second_is_refused():
    kernel = opened(BOTH, cash=Decimal(1500))
    events = turned(kernel, candles([LONG_AT]))
    assert [r.strategy for r in of_type(OrderRequested, events)] == ["tested"]
    (refused,) = of_type(RiskRefused, events)
    assert (refused.strategy, refused.reason) == ("other", "insufficient_cash")
    kernel = opened(BOTH[::-1], cash=Decimal(1500))
    (refused,) = of_type(RiskRefused, turned(kernel, candles([LONG_AT])))
    assert refused.strategy == "tested"


def test_one_may_be_long_where_another_is_short():
    contrary = strategy(PythonRule("given.py:Contrary"), name="contrary", quantity="3")
    kernel = opened((OBEDIENT, contrary), account_of=account(kind="margin"))
    _, bought, _, sold = turned(kernel, candles([LONG_AT]))
    kernel.turn(filled(kernel, bought))
    kernel.turn(filled(kernel, sold))
    assert (position(kernel).quantity, position(kernel, name="contrary").quantity) == (1, -3)
    assert kernel.state.balances["BTC"] == -2
    assert next_candles(kernel, LONG_AT) == []
    events = next_candles(kernel, FLAT_AT)
    assert [(o.strategy, o.side, o.quantity) for o in of_type(OrderRequested, events)] == [
        ("tested", "sell", 1), ("contrary", "buy", 3),
    ]  # fmt: skip


def test_a_limit_of_one_does_not_bind_the_other():
    shy = strategy(OBEY, name="shy", limits=Limits(max_position=Decimal("0.5")))
    (refused,) = of_type(RiskRefused, turned(opened((OBEDIENT, shy)), candles([LONG_AT])))
    assert (refused.strategy, refused.reason) == ("shy", "max_position")


def test_a_cooldown_or_a_filter_of_one_holds_back_nobody_else():
    kernel = opened((named(REVERSION, "slow"), OBEDIENT))
    turned(kernel, candles([NEITHER_AT]))
    assert (fold(kernel, "slow"), fold(kernel)) == (
        bytes([SkipReason.GATE_CLOSED]), bytes([SkipReason.NO_OPINION]),
    )  # fmt: skip
    turned(kernel, candles([LONG_AT], start=MINUTE))
    assert (len(fold(kernel, "slow")), fold(kernel)) == (2, b"")


def test_a_market_that_one_does_not_trade_is_in_its_folds():
    alone = strategy(OBEY, name="alone", symbols=("ETH/USDT",))
    kernel = opened((OBEDIENT, alone), BTC, ETH)
    events = turned(kernel, candles([LONG_AT]))
    assert {e.strategy for e in events} == {"tested"}
    assert fold(kernel, "alone") == bytes([SkipReason.NOT_TRADED])
    assert list(kernel.state.books["alone"].positions) == ["ETH/USDT"]
    events = turned(kernel, candles([LONG_AT], of=ETH))
    assert [e.strategy for e in of_type(DecisionMade, events)] == ["tested", "alone"]


def test_a_market_that_is_not_in_the_run_cannot_be_traded():
    with pytest.raises(ConfigError, match="strategy alone trades SOL/USDT") as raised:
        opened(strategy(OBEY, name="alone", symbols=("SOL/USDT",)))
    assert "BTC/USDT" in raised.value.fix


def test_each_rule_has_its_own_memory():
    forgetful = PythonRule("given.py:Forgetful")
    kernel = opened((strategy(forgetful), strategy(forgetful, name="other", symbols=("ETH/USDT",))), BTC, ETH)
    turned(kernel, candles([500_00] * 3))
    rules = [kernel._pipelines[name]["ETH/USDT"].rule for name in ("tested", "other")]
    assert [rule.memory.calls for rule in rules] == [0, 0]
    assert kernel._pipelines["tested"]["BTC/USDT"].rule.memory.calls == 3


# What holds for whatever market comes.


def covered_by(entries, name):
    """How often each market message is in a strategy's folds, or was decided on."""
    covered = Counter()
    for entry in entries:
        if isinstance(entry, CandlesSkipped) and entry.strategy == name:
            assert sum(entry.counts.values()) == entry.last - entry.first + 1
            covered.update(range(entry.first, entry.last + 1))
    return covered + Counter({e.candle for e in of_type(DecisionMade, entries) if e.strategy == name})


@given(markets(BTC, ETH), st.sampled_from(["same_close", "next_open"]))
def test_the_folds_of_each_cover_exactly_what_it_did_not_decide_on(market, fill):
    entries = run(TRIO, market, BTC, ETH, fill=fill).entries
    for of in TRIO:
        assert covered_by(entries, of.name) == Counter(range(1, len(market) + 1))


@pytest.mark.parametrize("risk", [STRICT, FREE], ids=["strict", "free"])
@given(markets(BTC, ETH), st.sampled_from(["same_close", "next_open"]))
def test_and_so_they_do_where_instants_guards_and_protections_come_in_between(risk, market, fill):
    fed, ran = busy_run(market, BTC, ETH, risk=risk, fill=fill)
    for of in BUSY:
        assert covered_by(ran.entries, of.name) == Counter(range(1, len(fed) + 1))


@given(markets(BTC, ETH), st.sampled_from(["same_close", "next_open"]))
def test_who_has_money_enough_is_not_disturbed_by_the_others(market, fill):
    """Beside the others a strategy decides and orders what it does alone."""
    together = run(TRIO, market, BTC, ETH, fill=fill).entries
    for of in TRIO:
        alone = run(of, market, BTC, ETH, fill=fill).entries
        assert told_of(together, of.name) == told_of(alone, of.name)


def told_of(entries, name):
    """What is the strategy's own in its events: not the numbers of orders, nor the balances that all share."""
    shared = {"order", "base_balance", "quote_balance"}
    own = [e for e in entries if getattr(e, "strategy", "") == name]
    return [(type(e), {f: getattr(e, f) for f in e.__struct_fields__ if f not in shared}) for e in own]


@given(markets(BTC, ETH), st.sampled_from(["same_close", "next_open"]))
def test_the_account_is_the_sum_of_what_each_has_done(market, fill):
    ran = run(TRIO, market, BTC, ETH, fill=fill)
    state, cash = ran.kernel.state, CASH
    sides = {e.order: e.side for e in of_type(OrderRequested, ran.entries)}
    for fill_ in of_type(OrderFilled, ran.entries):
        paid = fill_.price * fill_.quantity * (1 if sides[fill_.order] == "buy" else -1)
        cash -= paid + fill_.fee
    assert state.balances["USDT"] == cash
    for of, base in ((BTC, "BTC"), (ETH, "ETH")):
        held = Decimal(0)
        for s in TRIO:
            held = add(held, position(ran.kernel, of.symbol, s.name).quantity)
        assert held == state.balances.get(base, 0) == state.held.get(base, 0)
    newest = {(e.strategy, e.symbol): e.quantity for e in of_type(PositionChanged, ran.entries)}
    assert all(position(ran.kernel, symbol, name).quantity == q for (name, symbol), q in newest.items())


@given(markets(BTC, ETH))
def test_the_end_closes_every_fold(market):
    kernel = opened(TRIO, BTC, ETH)
    turned(kernel, market)
    kernel.turn(MarketEnded(0, len(market)))
    assert [fold(kernel, of.name) for of in TRIO] == [b""] * 3
