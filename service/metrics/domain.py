"""The domain fold: what the entries of a log add up to. Every figure can be had again from the log alone.

The account, its orders and positions are a state of the kernel's, folded from the log by the kernel's own functions.
A report is booked when the next entry does not refuse it.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from kernel import events, messages, notes
from kernel.advance import admit, admit_history, admit_instant
from kernel.codec import EVENT_TYPES, MESSAGE_TYPES
from kernel.errors import InvariantBroken, UsageError
from kernel.evolve import evolve, fold_report
from kernel.messages import OrderFilled, OrderRejected, OrderUnknown, Report
from kernel.money import add, multiply, pinned
from kernel.orders import TRANSITIONS, TRIGGERS, Order, OrderState, Trigger
from kernel.snapshot import read_snapshot, write_snapshot
from kernel.state import Book, Market, Position, State
from service.metrics.counted import by_event, of_a_strategy, of_any_stream
from service.metrics.tallies import Tallies

__all__ = ["DomainFold"]

_SCHEMA = 1
_DECODER = msgspec.msgpack.Decoder(tuple[int, Tallies, bytes])


class DomainFold:
    """Take every entry of a stream, from its first on.

    `state` is what the kernel knows, but for what only decisions need.
    Errors: InvariantBroken for entries that no kernel wrote.
    """

    def __init__(self) -> None:
        self.state = State({}, {})
        self.tallies = Tallies()
        self._takes: dict[type, Callable[[Any], None]] = self._handlers()
        for family, labels in of_any_stream():
            self.tallies.count(family, *labels, times=0)

    @property
    def seq(self) -> int:
        """That of the last entry taken."""
        return self.tallies.seq

    def take(self, entry: msgspec.Struct) -> None:
        """Take the next entry of the log."""
        kind, tallies = entry.__class__, self.tallies
        if tallies.report is not None:
            if kind is not events.ReportRefused:
                self.settle()
            tallies.report = None
        tallies.seq += 1
        tallies.counts["candled_records"][(kind.__name__,)] += 1
        self._takes[kind](entry)

    def settle(self) -> None:
        """No turn is under way: nothing refuses the report that was the last entry, if it was one."""
        report, self.tallies.report = self.tallies.report, None
        if report is not None:
            self._book(report)

    def snapshot(self) -> bytes:
        """Everything, as bytes that `restore` takes."""
        with pinned():
            return msgspec.msgpack.encode((_SCHEMA, self.tallies, write_snapshot(self.state, {}, {})))

    def restore(self, snapshot: bytes) -> None:
        """Become the fold that made `snapshot`. Errors: UsageError for one of another candled."""
        another = UsageError(
            "this snapshot of the metrics is of another candled", fix="fold the log from its beginning"
        )
        try:
            schema, tallies, state = _DECODER.decode(snapshot)
            if schema != _SCHEMA:
                raise another
            self.state, _, _ = read_snapshot(state)
        except msgspec.MsgspecError:
            raise another from None
        self.tallies = tallies

    def _handlers(self) -> dict[type, Callable[[Any], None]]:
        """What takes each kind of entry. A kind that is missing here is a KeyError at once, not at its first record."""
        takes: dict[type, Callable[[Any], None]] = {
            messages.StreamOpened: self._opened,
            messages.CandleClosed: self._candle,
            messages.WarmupCandle: self._warmup,
            messages.InstantClosed: lambda message: admit_instant(self.state, message),
            messages.MarketEnded: lambda message: evolve(self.state, message),
        }
        takes |= dict.fromkeys(Report.__args__, self._reported)
        takes |= dict.fromkeys(messages.Command.__args__, self._command)
        takes |= dict.fromkeys(notes.Note.__args__, self._noted)
        takes |= dict.fromkeys(EVENT_TYPES.values(), self._derived)
        return {kind: takes[kind] for kind in (*MESSAGE_TYPES.values(), *EVENT_TYPES.values())}

    def _opened(self, message: messages.StreamOpened) -> None:
        symbols = [instrument.symbol for instrument in message.instruments]
        self.state = State(
            {instrument.symbol: Market(instrument) for instrument in message.instruments},
            {name: Book({symbol: Position() for symbol in symbols}) for name in message.strategies},
        )
        evolve(self.state, message)
        for symbol in symbols:
            self.tallies.count("candled_candles", symbol, times=0)
            self.tallies.count("candled_candle_gaps", symbol, times=0)
        for strategy in message.strategies:
            for family, labels in of_a_strategy(strategy):
                self.tallies.count(family, *labels, times=0)

    def _candle(self, candle: messages.CandleClosed) -> None:
        admit(self.state, self.state.market(candle.symbol), candle)
        self.tallies.counts["candled_candles"][(candle.symbol,)] += 1

    def _warmup(self, candle: messages.WarmupCandle) -> None:
        admit_history(self.state, self.state.market(candle.symbol), candle)
        self.tallies.counts["candled_warmup_candles"][()] += 1

    def _reported(self, report: Report) -> None:
        self.tallies.report = report

    def _book(self, report: Report) -> None:
        """What the kernel did with a report that it did not refuse."""
        state, tallies = self.state, self.tallies
        order = state.orders.get(report.order) or state.ended.get(report.order)
        becomes = _becomes(order, report) if order is not None else None
        if order is None or becomes is None:
            raise InvariantBroken(f"no refusal follows a {type(report).__name__} that order {report.order} cannot take")
        live, strategy = report.order in state.orders, order.request.strategy
        fold_report(state, order, report, becomes)
        if live and report.order not in state.orders:
            tallies.count("candled_ended_orders", strategy, str(becomes))
        if isinstance(report, OrderFilled):
            quote = state.markets[order.request.symbol].instrument.quote
            tallies.count("candled_fills", strategy, report.liquidity)
            tallies.add("candled_turnover", multiply(report.price, report.quantity), strategy, quote)
        elif isinstance(report, OrderRejected):
            tallies.count("candled_rejected_orders", strategy, report.code)
        elif isinstance(report, OrderUnknown):
            tallies.count("candled_unknown_orders", strategy)

    def _derived(self, event: msgspec.Struct) -> None:
        evolve(self.state, event)
        for family, labels, times in by_event(event):
            self.tallies.count(family, *labels, times=times)
        if isinstance(event, events.PositionChanged):
            self.tallies.add("candled_realized_profit", event.realized_profit, event.strategy, event.symbol)

    def _command(self, command: messages.Command) -> None:
        self.tallies.count("candled_commands", type(command).__name__)

    def _noted(self, note: notes.Note) -> None:
        match note:
            case notes.DaemonStarted():
                self.tallies.count("candled_daemon_starts")
            case notes.CandleGap():
                self.tallies.count("candled_candle_gaps", note.symbol)
            case notes.CandleRevised():
                self.tallies.count("candled_revised_candles")
            case notes.CandleDropped():
                self.tallies.count("candled_dropped_candles", note.reason)
            case notes.FeedChanged():
                rest = [symbol for symbol in self.tallies.stale if symbol != note.symbol]
                self.tallies.stale = [*rest, note.symbol] if note.state == "stale" else rest


def _becomes(order: Order, report: Report) -> OrderState | None:
    """The state that the table of an order's life gives it; None is a refusal."""
    if not isinstance(report, OrderFilled):
        return TRANSITIONS[order.state][TRIGGERS[report.__class__]]
    whole = add(order.filled, report.quantity) == order.request.quantity
    return TRANSITIONS[order.state][Trigger.FILLED if whole else Trigger.PARTLY_FILLED]
