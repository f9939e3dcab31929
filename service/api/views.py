"""The daemon's state, as answers. Reads, and changes nothing: a state may be ahead of what is durable by a turn."""

from decimal import Decimal
from itertools import islice

from kernel.instrument import Instrument
from kernel.levers import in_force
from kernel.messages import TradingState
from kernel.money import ZERO, canonical_text, from_units, multiply, subtract
from kernel.orders import Order
from kernel.portfolio import equity, is_priced
from kernel.risk.trading import trading_state
from kernel.state import Halt, Market, Position, State
from kernel.timeframe import iso
from service.api.answers import (
    AllLimits,
    Decision,
    Decisions,
    LogHead,
    Orders,
    OrderView,
    Positions,
    PositionView,
    Ready,
    Restriction,
    Status,
)
from service.api.requests import DecisionsQuery, OrdersQuery, written
from service.api.tail import Tail
from service.daemon.handle import Handle

__all__ = ["decisions", "limits", "log_head", "orders", "positions", "readiness", "status"]


def status(handle: Handle, *, speed: str, version: str) -> Status:
    """The summary."""
    state = handle.kernel.state
    held = [position for book in state.books.values() for position in book.positions.values()]
    return Status(
        stream=handle.stream,
        run=handle.run,
        epoch=handle.epoch,
        version=version,
        speed=speed,
        ready=handle.health.ready,
        problems=dict(handle.health.problems),
        head=log_head(handle),
        market_time=_time(state.ts),
        market_ended=state.ended_market,
        market_messages=state.ordinal,
        trading=trading_state(state, "", ""),
        restrictions=[_restriction(halt) for halt in state.halts],
        quarantined=list(state.quarantined),
        groups_off=list(state.groups_off),
        currency=state.account.currency,
        equity=canonical_text(equity(state) if is_priced(state) else state.equity),
        opening_equity=canonical_text(state.opening_equity),
        day_equity=canonical_text(state.day_equity),
        peak_equity=canonical_text(max(state.peak, state.equity)),
        balances=_amounts(state.balances),
        fees=_amounts(state.fees),
        positions=sum(position.quantity != ZERO for position in held),
        orders=len(state.orders),
    )


def positions(handle: Handle) -> Positions:
    """What strategies hold and want."""
    state = handle.kernel.state
    return Positions(
        [
            _position(state, name, state.markets[symbol], position)
            for name, book in state.books.items()
            for symbol, position in book.positions.items()
            if position.quantity != ZERO or position.direction or position.live
        ]
    )


def orders(handle: Handle, query: OrdersQuery) -> Orders:
    """The live orders, and those that ended where they are asked for: the newest of them, in their order."""
    state = handle.kernel.state
    found = state.ended | state.orders if query.ended else state.orders
    newest = sorted(found)[-query.limit :]
    return Orders([_order(state, found[number]) for number in newest], len(found) - len(newest))


def decisions(tail: Tail, query: DecisionsQuery) -> Decisions:
    """The newest decisions that this process has made durable."""
    newest = islice(reversed(tail.decisions), query.limit)
    return Decisions(tail.since, [Decision(seq, decision) for seq, decision in newest])


def log_head(handle: Handle) -> LogHead:
    """Where the log ends."""
    head = handle.head
    return LogHead(head.seq, head.hash.hex())


def limits(handle: Handle) -> AllLimits:
    """The limits in force: the run's, where no command has changed them."""
    changed, definition = handle.kernel.state.limits, handle.definition
    strategies = {defined.strategy.name: in_force(defined.strategy).limits for defined in definition.strategies}
    return AllLimits(
        written(changed.get("", definition.risk.limits)),
        {name: written(changed.get(name, own)) for name, own in strategies.items()},
    )


def readiness(handle: Handle) -> Ready:
    """For whoever has no token: the names of the parts, and not what is wrong with them."""
    return Ready(handle.health.ready, sorted(handle.health.problems))


def _position(state: State, strategy: str, market: Market, position: Position) -> PositionView:
    instrument = market.instrument
    last = _last(market)
    worth = None if last is None else multiply(position.quantity, last)
    return PositionView(
        strategy=strategy,
        symbol=instrument.symbol,
        quantity=canonical_text(position.quantity),
        wants=position.direction,
        cost=canonical_text(position.cost),
        last=_amount(last),
        worth=_amount(worth),
        open_profit=None if worth is None else canonical_text(subtract(worth, position.cost)),
        trading=_trading(state, strategy, instrument),
        live_orders=list(position.live),
    )


def _order(state: State, order: Order) -> OrderView:
    request = order.request
    return OrderView(
        order=request.order,
        strategy=request.strategy,
        symbol=request.symbol,
        side=request.side,
        kind=request.kind,
        purpose=request.purpose,
        state=order.state.value,
        quantity=canonical_text(request.quantity),
        filled=canonical_text(order.filled),
        price=_amount(request.price),
        trigger=_amount(request.trigger),
        time_in_force=request.time_in_force,
        requested_at=iso(request.ts),
        expires_at=_time(request.expires_at),
        parent=request.parent,
        group=request.group,
        replaces=request.replaces,
        quarantined=request.order in state.quarantined,
    )


def _restriction(halt: Halt) -> Restriction:
    return Restriction(halt.strategy, halt.symbol, halt.state, halt.cause, _time(halt.until), halt.flatten)


def _trading(state: State, strategy: str, instrument: Instrument) -> TradingState:
    return trading_state(state, strategy, instrument.symbol)


def _last(market: Market) -> Decimal | None:
    return from_units(market.last, market.instrument.price_decimals) if market.last else None


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else canonical_text(value)


def _amounts(values: dict[str, Decimal]) -> dict[str, str]:
    return {asset: canonical_text(amount) for asset, amount in sorted(values.items())}


def _time(ts: int) -> str | None:
    return iso(ts) if ts else None
