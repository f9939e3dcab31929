"""What is one trade, and what stays open: partial exits, flips, dust, fills after an order's end."""

from decimal import Decimal

import pytest

from kernel.errors import CheckFailed
from kernel.messages import OrderCanceled, OrderFilled
from research.report.market import Market
from research.report.reading import Reading
from service.log.record import Chain
from tests.research.report.made import MINUTE, START, Scribe, flat_candles

CANDLES = {"BTC/USDT": flat_candles([10_000] * 50)}


@pytest.fixture
def scribe():
    return Scribe(CANDLES)


def told(scribe):
    figures = scribe.report({}).figures
    return figures.trades, figures.open_positions


def steps(scribe, *trades, **more):
    """Each at its own minute: side, quantity, price."""
    for minute, (side, quantity, price) in enumerate(trades, 1):
        scribe.at(START + minute * MINUTE)
        scribe.trade(side, quantity, price, **more)
    scribe.end()
    return told(scribe)


def test_partial_exits_belong_to_the_trade(scribe):
    (trade,), opened = steps(
        scribe, ("buy", "1", "100"), ("buy", "1", "110"), ("sell", "0.5", "120"), ("sell", "1.5", "130"), fee="1"
    )
    assert opened == ()
    assert (trade.entry_price, trade.exit_price, trade.quantity) == (105, Decimal("127.5"), 2)
    assert (trade.profit, trade.fees, trade.fills) == (60 + 195 - 210 - 4, 4, 4)
    assert (trade.entry_time, trade.exit_time, trade.bars) == (START + MINUTE, START + 4 * MINUTE, 3)
    assert trade.return_rate == pytest.approx(41 / 210)


def test_through_zero_ends_one_trade_and_begins_another(scribe):
    (first, second), opened = steps(
        scribe, ("buy", "1", "100"), ("sell", "3", "110"), ("buy", "2", "100"), fee="0.3", purpose="exit"
    )
    assert opened == ()
    assert (first.side, first.quantity, first.profit) == ("long", 1, Decimal("9.6"))  # a third of the fee of the flip
    assert (second.side, second.quantity, second.profit) == ("short", 2, Decimal("19.5"))
    assert first.exit_time == second.entry_time


def test_a_share_of_a_fee_that_does_not_come_out_even_is_not_lost(scribe):
    trades, _ = steps(scribe, ("buy", "1", "100"), ("sell", "3", "100"), ("buy", "2", "100"), fee="0.1")
    assert sum(trade.fees for trade in trades) == Decimal("0.3")
    assert -sum(trade.profit for trade in trades) == Decimal("0.3")


def test_less_than_a_lot_is_flat_and_stays_as_dust(scribe):
    trades, (dust,) = steps(scribe, ("buy", "1", "100"), ("sell", "0.9995", "110"))
    assert [trade.exit_price for trade in trades] == [110]
    assert (dust.dust, dust.quantity, dust.cost) == (True, Decimal("0.0005"), Decimal("0.05"))
    assert dust.entry_time is None


def test_what_dust_gains_goes_to_the_next_trade(scribe):
    (first, second), opened = steps(
        scribe, ("buy", "1", "100"), ("sell", "0.9995", "100"), ("buy", "1", "100"), ("sell", "1.0005", "200")
    )
    assert opened == ()
    assert (first.profit, second.profit) == (0, Decimal("100.05"))


def test_a_first_fill_that_a_fee_makes_dust_is_still_an_entry(scribe):
    """One lot, less its fee in base, is less than a lot; the trade goes on until it is sold."""
    scribe.at(START + MINUTE)
    scribe.trade("buy", "0.001", "100", fee="0.000001", fee_asset="BTC")
    scribe.trade("buy", "0.001", "100")
    scribe.at(START + 2 * MINUTE)
    scribe.trade("sell", "0.001", "100")
    scribe.end()
    (trade,), (dust,) = told(scribe)
    assert (trade.quantity, trade.fills, dust.dust) == (Decimal("0.002"), 3, True)


def test_a_short_earns_when_prices_fall(scribe):
    (trade,), _ = steps(scribe, ("sell", "1", "100"), ("buy", "1", "90"), fee="1")
    assert (trade.side, trade.profit) == ("short", 8)


def test_the_reason_is_that_of_the_order_that_closed_it(scribe):
    for purpose in ("entry", "target", "stop"):
        scribe.trade(
            "buy" if purpose == "entry" else "sell", "2" if purpose == "entry" else "1", "100", purpose=purpose
        )
    scribe.end()
    (trade,), _ = told(scribe)
    assert trade.exit_reason == "stop"


def test_strategies_in_one_symbol_have_trades_of_their_own():
    scribe = Scribe(CANDLES, strategies=("up", "down"))
    for side, strategy in (("buy", "up"), ("sell", "down"), ("sell", "up"), ("buy", "down")):
        scribe.trade(side, "1", "100", strategy=strategy)
    scribe.end()
    trades, _ = told(scribe)
    assert [(trade.strategy, trade.side) for trade in trades] == [("up", "long"), ("down", "short")]


def test_a_fill_may_come_after_the_end_of_its_order(scribe):
    order = scribe.order("buy", "1")
    scribe.add(OrderCanceled(scribe.state.ts, 0, order, "requested"))
    scribe.fill(order, "0.4", "100")
    scribe.end()
    _, (held,) = told(scribe)
    assert held.quantity == Decimal("0.4")


def test_an_order_filled_in_parts_is_one_order(scribe):
    order = scribe.order("buy", "1")
    for part, price in (("0.2", "100"), ("0.5", "110"), ("0.3", "120")):
        scribe.fill(order, part, price, "0.5")
    scribe.trade("sell", "1", "111", purpose="target")
    scribe.end()
    (trade,), opened = told(scribe)
    assert (trade.entry_price, trade.fills, trade.profit, opened) == (111, 4, Decimal("-1.5"), ())


def test_a_trade_is_ambiguous_when_any_of_its_fills_is(scribe):
    trades, _ = steps(scribe, ("buy", "2", "100"), ("sell", "1", "100"))
    assert trades == ()
    for first, last in ((True, False), (False, True), (False, False)):
        scribe = Scribe(CANDLES)
        scribe.trade("buy", "1", "100", ambiguous=first)
        scribe.trade("sell", "1", "100", ambiguous=last)
        scribe.end()
        assert told(scribe)[0][0].ambiguous is (first or last)


def test_a_trade_that_made_nothing_neither_won_nor_lost(scribe):
    steps(
        scribe, ("buy", "1", "100"), ("sell", "1", "100"), ("buy", "1", "100"), ("sell", "1", "104"),
        ("buy", "1", "100"), ("sell", "1", "98"), ("buy", "1", "100"), ("sell", "1", "100"),
    )  # fmt: skip
    metrics = scribe.report({}).figures.metrics
    assert (metrics.trades, metrics.win_rate, metrics.mean_win, metrics.mean_loss) == (4, 0.25, 4, -2)
    assert (metrics.expectancy, metrics.profit_factor, metrics.best_trade, metrics.worst_trade) == (0.5, 2, 4, -2)


def test_a_fill_that_the_kernel_refused_counts_nothing(scribe):
    order = scribe.order("buy", "1")
    scribe.add(OrderFilled(scribe.state.ts, 0, order, "x", Decimal(100), Decimal(1), Decimal(5), "USDT"))
    scribe.end()
    figures = scribe.report({}).figures
    assert (figures.costs.fills, figures.costs.fees, figures.open_positions) == (0, 0, ())


def test_a_log_without_the_fill_of_a_position_is_refused(scribe):
    scribe.trade("buy", "1", "100")
    entries = [entry for entry in scribe.entries if not isinstance(entry, OrderFilled)]
    reading = Reading({"BTC/USDT": Market(MINUTE, None)})
    *before, changed, _ = Chain(epoch=1).extend(entries)
    for record in before:
        reading.take(record)
    with pytest.raises(CheckFailed, match="no such fill"):
        reading.take(changed)


def test_a_position_does_not_change_twice_for_one_fill(scribe):
    scribe.fill(scribe.order("buy", "2"), "1", "100")
    scribe.add(scribe.entries[-2])
    with pytest.raises(CheckFailed, match="no such fill"):
        scribe.report({})


def test_a_log_begins_with_its_opening(scribe):
    scribe.end()
    with pytest.raises(CheckFailed, match="begins with MarketEnded"):
        Reading({}).take(next(iter(Chain(epoch=1).extend(scribe.entries[1:]))))


def test_the_reading_has_the_head_and_the_digest_of_the_log(scribe):
    steps(scribe, ("buy", "1", "100"), ("sell", "1", "110"))
    chain = Chain(epoch=1)
    chain.extend(scribe.entries)
    run = scribe.report({}).figures.run
    assert (run.records, run.log_head) == (chain.head.seq, chain.head.hash.hex())
    assert run.decisions_digest == chain.decisions.hexdigest()


def test_time_in_market_is_time_with_any_position():
    scribe = Scribe(CANDLES, strategies=("a", "b"))
    for minute, side, strategy in ((10, "buy", "a"), (15, "buy", "b"), (20, "sell", "a"), (30, "sell", "b")):
        scribe.at(START + minute * MINUTE)
        scribe.trade(side, "1", "100", strategy=strategy)
    scribe.at(START + 45 * MINUTE)
    scribe.trade("buy", "1", "100", strategy="a")
    scribe.end()
    assert scribe.report({}).figures.metrics.time_in_market == pytest.approx((20 + 5) / 50)
