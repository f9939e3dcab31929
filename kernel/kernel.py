"""The kernel: one message in, the derived events out, state moved on. Deterministic, and free of I/O."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Protocol

import msgspec

from kernel import messages
from kernel.blueprint import Blueprint, assemble, engines_of, plans_of
from kernel.context import Observer
from kernel.errors import UsageError
from kernel.events import CandlesSkipped, EquityMarked, Event, FeatureGroupSwitched, ReportRefused
from kernel.evolve import Passed, admit, admit_history, evolve, fold_report, fold_skip, pass_over, start_day
from kernel.features.carry import carry
from kernel.features.engine import Engine, Memory
from kernel.messages import CandleClosed, OrderFilled, Report, SwitchFeatureGroup
from kernel.money import ZERO, add, pinned
from kernel.orders import TRANSITIONS, TRIGGERS, Order, OrderState, Trigger
from kernel.pipeline import CandlePipeline, Inputs
from kernel.portfolio import book_fill, check_conservation, equity
from kernel.skip import SkipReason
from kernel.state import Market, State
from kernel.timeframe import iso

__all__ = ["FOLD_MAX", "Kernel", "Times"]

FOLD_MAX = 1024  # longest fold of skips: bounds what a crash, or a reader, has to re-derive

_NOTHING: Sequence[Event] = ()


class Times(Protocol):
    """Event times by row: a list, or a column."""

    def __getitem__(self, row: int, /) -> int:
        """The time of a row."""


class Kernel:
    """Give it messages in processing order; append the events it gives before anything acts on them.

    `observer`, if any, is told of every step of every candle; the kernel itself reads no clock.
    Errors: UsageError for a market message after the market's end; InvariantBroken is a bug.
    """

    def __init__(self, blueprint: Blueprint, *, observer: Observer | None = None) -> None:
        self.blueprint = blueprint
        self.observer = observer
        markets = {i.symbol: Market(i) for i in blueprint.instruments}
        self.engines: dict[str, Engine] = engines_of(blueprint, plans_of(blueprint))
        self._adopt(State(markets))

    def turn(self, message: messages.Message) -> Sequence[Event]:
        """Take one message; give the events derived from it, already folded into the state."""
        return self._turns[message.__class__](message)

    def fingerprint(self) -> str:
        """The sha256 of the whole state: equal states, and only they, have equal fingerprints."""
        return sha256(self.snapshot()).hexdigest()

    def snapshot(self) -> bytes:
        """The whole state, what engines and rules remember included, as bytes that `restore` takes back."""
        state = replace(self.state, orders={})  # keyed by number, which the encoder cannot sort: they go beside it
        orders = list(self.state.orders.values())
        memories = {symbol: p.rule.memory for symbol, p in self._pipelines.items() if p.rule is not None}
        with pinned():
            return _ENCODER.encode((state, orders, memories, {s: e.memory() for s, e in self.engines.items()}))

    def restore(self, snapshot: bytes) -> None:
        """Become the kernel that made `snapshot`; it must have been built from the same blueprint."""
        state, orders, memories, engines = _DECODER.decode(snapshot)
        self.engines = engines_of(self.blueprint, plans_of(self.blueprint, state.groups_off))
        for symbol, memory in engines.items():
            self.engines[symbol].remember(memory)
        self._adopt(replace(state, orders={order.order: order for order in orders}))
        for symbol, memory in memories.items():
            rule = self._pipelines[symbol].rule
            if rule is not None and rule.memory is not None:
                rule.memory = msgspec.convert(memory, type(rule.memory))

    def inputs(self, symbol: str) -> Inputs:
        """What the model of a market is given."""
        return self._pipelines[symbol].inputs

    def passed(self, reasons: bytes, times: Times, markets: Sequence[Passed]) -> Sequence[Event]:
        """Take candles that were looked at elsewhere, in a block: exactly what turning each of them would have done.

        `reasons` says in one byte for each why it ended, `times` its event time; none for warm-up candles.
        """
        state, done = self.state, 0
        events: list[Event] = []
        first = state.ordinal
        for market in markets:
            pass_over(state, market)
        while len(state.fold) + len(reasons) - done >= FOLD_MAX:
            end = done + FOLD_MAX - len(state.fold)
            state.fold += reasons[done:end]
            events += self._close_fold(int(times[end - 1]), first + end)
            done = end
        state.fold += reasons[done:]
        return events

    def _adopt(self, state: State) -> None:
        self.state = state
        self._pipelines = assemble(self.blueprint, state, self.engines)
        self._turns: dict[type, Callable[[Any], Sequence[Event]]] = {
            messages.StreamOpened: self._note,
            messages.CandleClosed: self._candle,
            messages.WarmupCandle: self._warmup,
            messages.MarketEnded: self._end,
            SwitchFeatureGroup: self._switch,
            OrderFilled: self._filled,
            **dict.fromkeys(TRIGGERS, self._reported),
        }
        if state.ended:
            self._refuse_market()

    def _note(self, message: messages.StreamOpened) -> Sequence[Event]:
        if self.state.definition:
            raise UsageError(
                f"this stream was opened for the definition {self.state.definition}, and is opened again",
                fix="start another stream: an account begins once",
            )
        evolve(self.state, message)
        return _NOTHING

    def _pipeline(self, symbol: str) -> CandlePipeline:
        self.state.market(symbol)
        return self._pipelines[symbol]

    def _warmup(self, candle: CandleClosed) -> Sequence[Event]:
        """A longer candle may open before the window and close in it: it ends the fold, which counts without holes."""
        pipeline = self._pipeline(candle.symbol)
        state = self.state
        events = self._close_fold(candle.ts, state.ordinal) if state.fold else _NOTHING
        admit_history(state, pipeline.market, candle)
        pipeline.engine.update(candle)
        return events

    def _candle(self, candle: CandleClosed) -> Sequence[Event]:
        state = self.state
        pipeline = self._pipelines.get(candle.symbol) or self._pipeline(candle.symbol)
        events = self._new_day(candle) if candle.open_time >= state.day_ends else _NOTHING
        admit(state, pipeline.market, candle)
        pipeline.update(candle)
        observer = self.observer
        outcome = pipeline.run(candle) if observer is None else pipeline.run_observed(candle, observer)
        if outcome.__class__ is SkipReason:
            full = fold_skip(state, pipeline.market, outcome) == FOLD_MAX
            return [*events, *self._close_fold(candle.ts, state.ordinal)] if full else events
        decided = [*events, *self._close_fold(candle.ts, state.ordinal - 1)]
        for event in outcome.events:  # type: ignore[union-attr]
            evolve(state, event)
            decided.append(event)
        return decided

    def _new_day(self, candle: CandleClosed) -> Sequence[Event]:
        """The first candle of a UTC day marks the account at the day before's last prices."""
        state = self.state
        first = state.day_ends == 0
        start_day(state, candle.open_time)
        return _NOTHING if first else [*self._close_fold(candle.ts, state.ordinal), self._mark(candle.ts, "day")]

    def _close_fold(self, ts: int, last: int) -> Sequence[Event]:
        fold = self.state.fold
        if not fold:
            return _NOTHING
        labels = sorted([(_LABELS[code], code) for code in set(fold)])
        event = CandlesSkipped(
            ts=ts,
            strategy=self.blueprint.strategy.name,
            first=last - len(fold) + 1,
            last=last,
            counts={label: fold.count(code) for label, code in labels},
            reasons_hash=sha256(fold).hexdigest(),
        )
        evolve(self.state, event)
        return (event,)

    def _mark(self, ts: int, cause: Any) -> Event:
        state = self.state
        event = EquityMarked(ts, cause, state.currency, state.balances[state.currency], equity(state))
        evolve(state, event)
        return event

    def _switch(self, command: SwitchFeatureGroup) -> Sequence[Event]:
        """Compute another set of features from the next candle on; those that stay go on as they are."""
        off = set(self.state.groups_off)
        event = FeatureGroupSwitched(
            command.ts, command.group, command.enabled, (command.group in off) == command.enabled
        )
        evolve(self.state, event)
        if event.changed:
            before, self.engines = (
                self.engines,
                engines_of(self.blueprint, plans_of(self.blueprint, self.state.groups_off)),
            )
            for symbol, engine in self.engines.items():
                carry(before[symbol].plan, before[symbol].memory(), engine)
            self._adopt(self.state)
        return (event,)

    def _end(self, message: messages.MarketEnded) -> Sequence[Event]:
        evolve(self.state, message)
        self._refuse_market()
        return [*self._close_fold(message.ts, self.state.ordinal), self._mark(message.ts, "end")]

    def _refuse_market(self) -> None:
        market = (messages.CandleClosed, messages.WarmupCandle, messages.MarketEnded)
        self._turns |= dict.fromkeys(market, _after_the_end)

    def _filled(self, fill: OrderFilled) -> Sequence[Event]:
        order = self.state.orders.get(fill.order)
        if order is None:
            return self._refuse(fill, "no_such_live_order")
        if fill.trade_id in order.trade_ids:
            return self._refuse(fill, "trade_already_booked")
        if fill.quantity <= ZERO or fill.price <= ZERO:
            return self._refuse(fill, "not_a_trade")
        filled = add(order.filled, fill.quantity)
        if filled > order.quantity:
            return self._refuse(fill, "more_than_was_ordered")
        becomes = TRANSITIONS[order.state][Trigger.FILLED if filled == order.quantity else Trigger.PARTLY_FILLED]
        if becomes is None:
            return self._refuse(fill, f"order_is_{order.state}")
        return self._book(order, fill, becomes)

    def _book(self, order: Order, fill: OrderFilled, becomes: OrderState) -> Sequence[Event]:
        state = self.state
        change = book_fill(state, state.markets[order.symbol], order, fill)
        fold_report(state, order, fill, becomes)
        evolve(state, change)
        check_conservation(state)
        return (change, self._mark(fill.ts, "fill"))

    def _reported(self, report: Report) -> Sequence[Event]:
        order = self.state.orders.get(report.order)
        if order is None:
            return self._refuse(report, "no_such_live_order")
        becomes = TRANSITIONS[order.state][TRIGGERS[report.__class__]]
        if becomes is None:
            return self._refuse(report, f"order_is_{order.state}")
        fold_report(self.state, order, report, becomes)
        return _NOTHING

    def _refuse(self, report: Report, reason: str) -> Sequence[Event]:
        event = ReportRefused(report.ts, report.order, type(report).__name__, reason)
        evolve(self.state, event)
        return (event,)


def _after_the_end(message: messages.Message) -> Sequence[Event]:
    raise UsageError(
        f"{type(message).__name__} at {iso(message.ts)} came after this stream's market had ended",
        fix="start another run for another market: a stream that has ended stays ended",
    )


_LABELS = {int(reason): reason.label for reason in SkipReason}
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_DECODER = msgspec.msgpack.Decoder(tuple[State, list[Order], dict[str, Any], dict[str, Memory]])
