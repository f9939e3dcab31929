"""The writer of state: folds events, and reports that were judged, into it.

Rule of this file: it decides nothing. What a message means was decided elsewhere; here it is written down.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from kernel import events
from kernel.messages import MarketEnded, OrderFilled, Report, StreamOpened
from kernel.money import ZERO, add, subtract
from kernel.orders import TERMINAL, Order, OrderState
from kernel.portfolio import side_of
from kernel.state import Halt, Position, State
from kernel.timeframe import NS_PER_SECOND

__all__ = ["begin_exit_clock", "evolve", "fold_report", "settle"]

_ENDED_KEPT = 512  # at least so many ended orders are remembered: a report that comes later finds its order gone
_RATE_NS = 60 * NS_PER_SECOND


def fold_report(state: State, order: Order, report: Report, becomes: OrderState) -> None:
    """Write a judged report of a venue into its order. One that has ended is kept for a while.

    What is filled of an order counts for the one that replaces it, too; where that is rejected, the first goes on.
    """
    order.state = becomes
    if report.__class__ is OrderFilled:
        order.filled = add(order.filled, report.quantity)
        order.trade_ids.append(report.trade_id)
        replaced = {report.order}
        for number in state.position(order).live:  # in the order of requests: chains of replacements too
            successor = state.orders[number]
            if successor.request.replaces in replaced:
                successor.filled = add(successor.filled, report.quantity)
                replaced.add(number)
    elif becomes is OrderState.REJECTED and order.request.replaces in state.orders:
        state.orders[order.request.replaces].state = OrderState.OPEN
    if becomes in TERMINAL and state.orders.pop(order.request.order, None) is not None:
        state.position(order).live.remove(order.request.order)
        state.ended[order.request.order] = order
        if len(state.ended) > 2 * _ENDED_KEPT:  # many at once: to take the oldest of a dict each time is slow
            _forget_the_oldest(state)


def _forget_the_oldest(state: State) -> None:
    """Those in quarantine are kept: an operator may still ask."""
    newest = len(state.ended) - _ENDED_KEPT
    state.ended = {
        number: order
        for place, (number, order) in enumerate(state.ended.items())
        if place >= newest or order.quarantined
    }


def settle(position: Position, direction: int) -> None:
    """An order's end leaves a position on a side, from which the next wish is told."""
    position.direction = direction


def begin_exit_clock(position: Position, exit_at: int) -> None:
    """Note when the time barrier ends a position."""
    position.exit_at = exit_at


def evolve(state: State, change: msgspec.Struct) -> None:
    """Fold one event, or one message that is neither a candle nor a report."""
    _FOLDS[change.__class__](state, change)


def _stream_opened(state: State, message: StreamOpened) -> None:
    state.definition = message.definition
    state.account = message.account
    state.balances = dict(message.account.balances)
    state.ts = message.ts
    if list(state.balances) == [state.account.currency]:
        state.opened = True
        state.opening_equity = state.balances[state.account.currency]
        state.equity = state.peak = state.day_equity = state.opening_equity


def _market_ended(state: State, message: MarketEnded) -> None:
    state.ended_market = True
    state.ts = message.ts


def _candles_skipped(state: State, event: events.CandlesSkipped) -> None:
    state.books[event.strategy].fold.clear()


def _decision_made(state: State, event: events.DecisionMade) -> None:
    position = state.books[event.strategy].positions[event.symbol]
    position.direction = event.direction
    position.decided_at = event.candle


def _order_requested(state: State, event: events.OrderRequested) -> None:
    state.orders_requested = event.order
    state.orders[event.order] = Order(event, ZERO, OrderState.REQUESTED, [])
    state.books[event.strategy].positions[event.symbol].live.append(event.order)
    requests = state.requests
    requests.append(event.ts)
    while requests[0] <= event.ts - _RATE_NS:
        del requests[0]
    if event.replaces:
        state.orders[event.replaces].state = OrderState.CANCELING
        state.orders[event.order].filled = state.orders[event.replaces].filled


def _cancel_requested(state: State, event: events.CancelRequested) -> None:
    state.orders[event.order].state = OrderState.CANCELING


def _risk_refused(state: State, event: events.RiskRefused) -> None:
    """What was refused is not wanted any more; what cannot be sold for its smallness stays, and is not asked again."""
    position = state.books[event.strategy].positions[event.symbol]
    if event.target != ZERO:
        position.direction = side_of(state.markets[event.symbol].instrument, position.quantity)


def _position_changed(state: State, event: events.PositionChanged) -> None:
    book = state.books[event.strategy]
    position = book.positions[event.symbol]
    instrument = state.markets[event.symbol].instrument
    base, quote, fee_asset, fee = instrument.base, instrument.quote, event.fee_asset, event.fee
    held, costs, realized, balances = state.held, state.costs, state.realized, state.balances
    held[base] = add(held.get(base, ZERO), subtract(event.quantity, position.quantity))
    costs[quote] = add(costs.get(quote, ZERO), subtract(event.cost, position.cost))
    realized[quote] = add(realized.get(quote, ZERO), event.realized_profit)
    state.fees[fee_asset] = add(state.fees.get(fee_asset, ZERO), fee)
    balances[base], balances[quote] = event.base_balance, event.quote_balance
    if fee_asset != base:
        state.fees_paid[fee_asset] = add(state.fees_paid.get(fee_asset, ZERO), fee)
        if fee_asset != quote:
            balances[fee_asset] = subtract(balances.get(fee_asset, ZERO), fee)
    was, now = side_of(instrument, position.quantity), side_of(instrument, event.quantity)
    position.quantity, position.cost = event.quantity, event.cost
    profit = add(position.profit, event.realized_profit)
    position.profit = subtract(profit, fee) if fee_asset == quote else profit
    if was not in (0, now):
        book.round_trips += 1
        position.closed_at = event.ts
        position.losses = position.losses + 1 if position.profit < ZERO else 0
        position.profit = ZERO
        position.exit_at = 0


def _group_switched(state: State, event: events.FeatureGroupSwitched) -> None:
    off = set(state.groups_off) - {event.group}
    state.groups_off = sorted(off if event.enabled else off | {event.group})


def _equity_marked(state: State, event: events.EquityMarked) -> None:
    state.equity = event.equity
    state.peak = max(state.peak, event.equity)
    if event.cause in ("open", "day"):
        state.day_equity = event.equity
    if event.cause == "open":
        state.opened = True
        state.opening_equity = state.peak = event.equity


def _report_refused(state: State, event: events.ReportRefused) -> None:
    if event.quarantined:
        (state.orders.get(event.order) or state.ended[event.order]).quarantined = True
        if event.order not in state.quarantined:
            state.quarantined.append(event.order)


def _trading_state_changed(state: State, event: events.TradingStateChanged) -> None:
    if event.state != "active":
        halt = Halt(event.strategy, event.symbol, event.state, event.cause, event.until, event.flatten)
        if halt not in state.halts:
            state.halts.append(halt)
        return
    lifted = [h for h in state.halts if _covers(event, h)]
    state.halts = [h for h in state.halts if h not in lifted]
    if event.cause == "command":
        state.quarantined = [n for n in state.quarantined if not _is_of(state, n, event.strategy)]
    if any(h.cause == "drawdown" for h in lifted):
        state.peak = ZERO


def _covers(event: events.TradingStateChanged, halt: Halt) -> bool:
    """A command lifts all of its strategy's; what is over, is over alone: another of its cause may go on."""
    if event.cause == "command":
        return event.strategy in ("", halt.strategy)
    return 0 < halt.until <= event.ts and (halt.strategy, halt.symbol, halt.cause) == (
        event.strategy,
        event.symbol,
        event.cause,
    )


def _is_of(state: State, number: int, strategy: str) -> bool:
    """Whether an order is one of a strategy's; of "", every one is, also what is remembered no more."""
    order = state.orders.get(number) or state.ended.get(number)
    return strategy == "" or (order is not None and order.request.strategy == strategy)


def _limits_changed(state: State, event: events.LimitsChanged) -> None:
    state.limits[event.strategy] = event.limits


def _command_refused(_state: State, _event: events.CommandRefused) -> None:
    """Nothing is done on a refused command."""


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
    events.TradingStateChanged: _trading_state_changed,
    events.LimitsChanged: _limits_changed,
    events.CommandRefused: _command_refused,
}
