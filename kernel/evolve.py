"""The one writer of state: folds messages and events into it.

Rule of this file: it decides nothing. What a message means was decided in kernel.py; here it is written down.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from kernel import events
from kernel.errors import InvariantBroken
from kernel.messages import CandleClosed, MarketEnded, OrderFilled, Report, StreamOpened
from kernel.money import ZERO, add, sign, subtract
from kernel.orders import TERMINAL, Order, OrderState
from kernel.skip import SkipReason
from kernel.state import Market, State
from kernel.timeframe import DAY_NS

__all__ = ["Passed", "admit", "admit_history", "evolve", "fold_report", "fold_skip", "pass_over", "start_day"]


def admit(state: State, market: Market, candle: CandleClosed) -> None:
    """Count a candle. This happens on every candle, whatever the gate says."""
    if candle.open_time <= market.open_time:
        raise InvariantBroken(f"{candle.symbol}: the candle that opens at {candle.open_time} came late or twice")
    state.ordinal += 1
    state.ts = candle.ts
    market.open_time = candle.open_time
    market.last = candle.close
    market.seen += 1


def admit_history(state: State, market: Market, candle: CandleClosed) -> None:
    """Count a candle from before the window."""
    admit(state, market, candle)
    market.history += 1


def fold_skip(state: State, market: Market, reason: SkipReason) -> int:
    """Remember that the newest market message was skipped; gives the length of the open fold."""
    if reason is SkipReason.GATE_CLOSED:
        market.gated += 1
    fold = state.fold
    fold.append(reason)
    return len(fold)


class Passed(NamedTuple):
    """Candles of a market that a block skipped: how many, of them history, or gated; and the newest one."""

    symbol: str
    candles: int
    history: int
    gated: int
    ts: int
    open_time: int
    close: int


def pass_over(state: State, passed: Passed) -> None:
    """Count candles that were skipped in a block, as `admit` and `fold_skip` would have; the fold is the kernel's."""
    market = state.markets[passed.symbol]
    state.ordinal += passed.candles
    state.ts = max(state.ts, passed.ts)
    market.open_time = passed.open_time
    market.last = passed.close
    market.seen += passed.candles
    market.history += passed.history
    market.gated += passed.gated


def start_day(state: State, ts: int) -> None:
    """Note when the UTC day of a candle that opens at `ts` ends."""
    state.day_ends = ts - ts % DAY_NS + DAY_NS


def fold_report(state: State, order: Order, report: Report, becomes: OrderState) -> None:
    """Write a judged report of a venue into its order. An order that has ended and was acknowledged is dropped."""
    order.state = becomes
    if report.__class__ is OrderFilled:
        order.filled = add(order.filled, report.quantity)
        order.trade_ids.append(report.trade_id)
    order.acknowledged = order.acknowledged or report.__class__ is not OrderFilled
    if becomes in TERMINAL:
        if becomes is not OrderState.FILLED:
            market = state.markets[order.symbol]
            market.direction = sign(market.quantity)
        if order.acknowledged:
            del state.orders[order.order]


def evolve(state: State, change: msgspec.Struct) -> None:
    """Fold one event, or one message that is neither a candle nor a report."""
    _FOLDS[change.__class__](state, change)


def _stream_opened(state: State, message: StreamOpened) -> None:
    state.definition = message.definition
    state.strategy = message.strategy
    state.currency = message.currency
    state.opening_cash = state.equity = message.cash
    state.balances = {message.currency: message.cash}
    state.ts = message.ts


def _market_ended(state: State, message: MarketEnded) -> None:
    state.ended = True
    state.ts = message.ts


def _candles_skipped(state: State, _: events.CandlesSkipped) -> None:
    state.fold.clear()


def _decision_made(state: State, event: events.DecisionMade) -> None:
    market = state.markets[event.symbol]
    market.direction = event.direction
    market.decided_at = event.candle


def _order_requested(state: State, event: events.OrderRequested) -> None:
    state.orders_requested = event.order
    state.orders[event.order] = Order(
        event.order, event.strategy, event.symbol, event.side, event.quantity, ZERO, OrderState.REQUESTED, False, []
    )


def _cancel_requested(state: State, event: events.CancelRequested) -> None:
    state.orders[event.order].state = OrderState.CANCELING


def _risk_refused(state: State, event: events.RiskRefused) -> None:
    market = state.markets[event.symbol]
    market.direction = sign(market.quantity)


def _position_changed(state: State, event: events.PositionChanged) -> None:
    market = state.markets[event.symbol]
    instrument, balances, fees = market.instrument, state.balances, state.fees
    market.quantity = event.quantity
    market.cost = event.cost
    balances[instrument.base] = event.base_balance
    balances[instrument.quote] = event.quote_balance
    if event.fee_asset not in (instrument.base, instrument.quote):
        balances[event.fee_asset] = subtract(balances.get(event.fee_asset, ZERO), event.fee)
    fees[event.fee_asset] = add(fees.get(event.fee_asset, ZERO), event.fee)
    state.realized_profit = add(state.realized_profit, event.realized_profit)
    if event.quantity == ZERO:
        state.round_trips += 1


def _group_switched(state: State, event: events.FeatureGroupSwitched) -> None:
    off = set(state.groups_off) - {event.group}
    state.groups_off = sorted(off if event.enabled else off | {event.group})


def _equity_marked(state: State, event: events.EquityMarked) -> None:
    state.equity = event.equity


def _report_refused(_state: State, _event: events.ReportRefused) -> None:
    """Nothing is booked on a refused report."""


_FOLDS: dict[type, Callable[[State, Any], None]] = {
    StreamOpened: _stream_opened,
    MarketEnded: _market_ended,
    events.CandlesSkipped: _candles_skipped,
    events.DecisionMade: _decision_made,
    events.OrderRequested: _order_requested,
    events.CancelRequested: _cancel_requested,
    events.RiskRefused: _risk_refused,
    events.PositionChanged: _position_changed,
    events.EquityMarked: _equity_marked,
    events.FeatureGroupSwitched: _group_switched,
    events.ReportRefused: _report_refused,
}
