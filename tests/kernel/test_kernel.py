"""The kernel turn by turn: folds of skips, days, the end, what it refuses, and the account that it marks."""

from collections import Counter
from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.errors import ConfigError, InvariantBroken, UsageError
from kernel.events import CandlesSkipped, DecisionMade, EquityMarked, OrderRequested, PositionChanged, ReportRefused
from kernel.features.declaration import feature
from kernel.kernel import FOLD_MAX, Kernel
from kernel.messages import MarketEnded, OrderAccepted, OrderCanceled, OrderFilled, WarmupCandle
from kernel.models.cross import Cross
from kernel.skip import SkipReason
from kernel.timeframe import DAY_NS
from tests.kernel.drawn import markets
from tests.kernel.given import (
    BTC,
    CROSS,
    ETH,
    FLAT_AT,
    LONG_AT,
    MINUTE,
    NEITHER_AT,
    OBEDIENT,
    REVERSION,
    blueprint,
    candles,
    ending,
    filled,
    fold,
    holding,
    next_candles,
    of_type,
    opened,
    opening,
    run,
    strategy,
    turned,
)

# Folds.


@given(markets(BTC, ETH), st.sampled_from([OBEDIENT, CROSS, REVERSION]))
def test_folds_cover_exactly_the_candles_without_a_decision(market, of):
    entries = run(of, market, BTC, ETH).entries
    covered = Counter()
    for entry in entries:
        if isinstance(entry, CandlesSkipped):
            assert sum(entry.counts.values()) == entry.last - entry.first + 1
            assert list(entry.counts) == sorted(entry.counts)
            covered.update(range(entry.first, entry.last + 1))
        elif isinstance(entry, DecisionMade):
            covered[entry.candle] += 1
    assert covered == Counter(range(1, len(market) + 1))


def test_a_fold_hashes_one_byte_a_candle():
    (skipped, *_) = turned(holding(), [*candles([NEITHER_AT, LONG_AT], start=MINUTE), MarketEnded(0, 3)])
    assert skipped.reasons_hash == sha256(bytes([SkipReason.NO_OPINION, SkipReason.TARGET_UNCHANGED])).hexdigest()


def test_a_fold_is_closed_when_it_is_full():
    quiet = opened()
    assert turned(quiet, candles([NEITHER_AT] * (FOLD_MAX - 1))) == []
    (skipped,) = next_candles(quiet, NEITHER_AT)
    assert (skipped.first, skipped.last, skipped.counts) == (1, FOLD_MAX, {"no_opinion": FOLD_MAX})
    assert next_candles(quiet, NEITHER_AT) == []
    skipped, _ = quiet.turn(MarketEnded(0, FOLD_MAX + 1))
    assert (skipped.first, skipped.last) == (FOLD_MAX + 1, FOLD_MAX + 1)


def test_no_report_closes_a_fold():
    kernel = holding()
    next_candles(kernel, LONG_AT)
    before = fold(kernel)
    refused = kernel.turn(OrderCanceled(0, 2, 1, "late"))
    assert of_type(CandlesSkipped, refused) == []
    assert fold(kernel) == before


def test_history_that_arrives_within_the_window_leaves_a_fold_without_holes():
    """A longer candle of another market can open before the window and close in it."""
    kernel = opened(OBEDIENT, BTC, ETH)
    turned(kernel, candles([NEITHER_AT, NEITHER_AT]))
    (late,) = candles([300_00], of=ETH, kind=WarmupCandle)
    (skipped,) = kernel.turn(late)
    assert (skipped.first, skipped.last) == (1, 2)
    turned(kernel, candles([NEITHER_AT], start=2 * MINUTE))
    skipped, _ = kernel.turn(MarketEnded(0, 4))
    assert (skipped.first, skipped.last) == (4, 4)


# Days and the end.


def test_a_new_day_marks_the_account_at_the_last_prices_of_the_old_one():
    kernel = holding()
    turned(kernel, candles([510_00], start=DAY_NS - MINUTE))
    skipped, mark = turned(kernel, candles([600_00], start=DAY_NS))
    assert (skipped.first, skipped.last) == (2, 2)
    assert (mark.cause, mark.ts) == ("day", DAY_NS + MINUTE)
    assert mark.equity == mark.cash + 510
    assert turned(kernel, candles([600_00], start=DAY_NS + MINUTE)) == []


def test_days_without_a_candle_are_marked_once():
    kernel = holding()
    (mark,) = turned(kernel, candles([600_00], start=5 * DAY_NS + 7 * MINUTE))
    assert mark.cause == "day"
    assert turned(kernel, candles([600_00], start=6 * DAY_NS - MINUTE)) == []
    skipped, mark = turned(kernel, candles([600_00], start=6 * DAY_NS))
    assert (skipped.last, mark.cause) == (3, "day")


def test_the_end_closes_the_fold_and_marks_the_account():
    kernel = holding()
    next_candles(kernel, 520_00)
    skipped, mark = kernel.turn(MarketEnded(9, 2))
    assert isinstance(skipped, CandlesSkipped)
    assert (mark.cause, mark.ts, mark.equity) == ("end", 9, mark.cash + 520)
    assert kernel.state.equity == mark.equity


@pytest.mark.parametrize("kind", [WarmupCandle, None])
@pytest.mark.parametrize("restored", [False, True])
def test_after_the_end_comes_no_candle(kind, restored):
    kernel = opened()
    kernel.turn(MarketEnded(0, 0))
    if restored:
        ended = kernel.snapshot()
        kernel = opened()
        kernel.restore(ended)
    (candle,) = candles([LONG_AT], kind=kind) if kind else candles([LONG_AT])
    before = kernel.fingerprint()
    with pytest.raises(UsageError, match="after this stream's market had ended") as caught:
        kernel.turn(candle)
    assert caught.value.exit_code == 2
    assert kernel.fingerprint() == before


def test_a_market_ends_once():
    kernel = opened()
    kernel.turn(MarketEnded(0, 0))
    with pytest.raises(UsageError, match="MarketEnded"):
        kernel.turn(MarketEnded(0, 0))


def test_after_the_end_an_order_can_still_be_filled():
    kernel = opened()
    _, order = turned(kernel, candles([LONG_AT]))
    kernel.turn(MarketEnded(0, 1))
    change, mark = kernel.turn(filled(kernel, order))
    assert (type(change), mark.cause) == (PositionChanged, "fill")


# What is refused.


def test_a_stream_begins_once():
    kernel = opened()
    with pytest.raises(UsageError, match="opened again"):
        kernel.turn(opening())


@pytest.mark.parametrize("start", [0, MINUTE], ids=["late", "twice"])
def test_a_candle_that_is_late_or_repeated_is_our_bug(start):
    kernel = opened()
    turned(kernel, candles([NEITHER_AT, NEITHER_AT]))
    with pytest.raises(InvariantBroken, match="late or twice"):
        turned(kernel, candles([NEITHER_AT], start=start))


@pytest.mark.parametrize("candle", [candles([LONG_AT], of=ETH), candles([LONG_AT], of=ETH, kind=WarmupCandle)])
def test_a_symbol_that_is_not_traded_is_refused(candle):
    with pytest.raises(UsageError, match="does not trade ETH/USDT") as caught:
        turned(opened(), candle)
    assert "BTC/USDT" in caught.value.fix


def test_a_model_that_reads_what_is_not_declared_is_refused():
    with pytest.raises(ConfigError, match="'slow'"):
        Kernel(blueprint(strategy(Cross("fast", "slow"), [feature("fast", "ema", period=2)])))


def test_a_report_for_an_order_that_never_was_is_an_event():
    kernel = opened()
    before = kernel.fingerprint()
    assert kernel.turn(OrderAccepted(7, 0, 5, "v")) == (ReportRefused(7, 5, "OrderAccepted", "no_such_order", False),)
    assert kernel.fingerprint() == before


# The account.


def test_a_fill_is_booked_and_marked():
    kernel = opened()
    _, order = turned(kernel, candles([LONG_AT]))
    change, mark = kernel.turn(filled(kernel, order, price="499.99", fee="0.5"))
    assert (change.quantity, change.cost, change.realized_profit) == (1, Decimal("499.99"), 0)
    assert change.quote_balance == Decimal("999499.51")
    assert mark.equity == change.quote_balance + Decimal("500.01"), "at the last close, not at the fill's price"


def test_a_round_trip_ends_where_nothing_is_held_any_more():
    kernel = holding()
    _, order = next_candles(kernel, FLAT_AT)
    for part, trips in (("0.4", 0), ("0.6", 1)):
        kernel.turn(replace(filled(kernel, order), trade_id=part, quantity=Decimal(part)))
        assert kernel.state.books["tested"].round_trips == trips


def test_an_account_that_does_not_add_up_is_stopped_at_its_next_fill():
    kernel = holding()
    _, order = next_candles(kernel, FLAT_AT)
    kernel.state.balances["USDT"] = kernel.state.balances["USDT"].next_plus()
    with pytest.raises(InvariantBroken, match="USDT"):
        kernel.turn(filled(kernel, order))


@given(markets(BTC, ETH), st.sampled_from([OBEDIENT, CROSS, REVERSION]))
def test_marks_are_cash_and_positions_at_the_last_closes(market, of):
    """Recomputed from the entries of the log and the candles alone."""
    closes, cash, held, ordinal = {}, Decimal(1_000_000), Counter(), 0
    ran = run(of, market, BTC, ETH)
    orders = {e.order: e for e in of_type(OrderRequested, ran.entries)}
    for entry in ran.entries:
        if hasattr(entry, "after"):
            closes |= {c.symbol: Decimal(c.close) / 100 for c in market[ordinal : entry.after]}
            ordinal = max(ordinal, entry.after)
        if isinstance(entry, OrderFilled):
            order = orders[entry.order]
            way = 1 if order.side == "buy" else -1
            held[order.symbol] += way * entry.quantity
            cash -= way * entry.quantity * entry.price + entry.fee
        if isinstance(entry, EquityMarked):
            assert entry.cash == cash
            assert entry.equity == cash + sum(held[s] * closes.get(s, 0) for s in held)
    assert ran.entries[-1].cause == "end"
    assert ran.entries.index(ending(market)) >= len(ran.entries) - 3
