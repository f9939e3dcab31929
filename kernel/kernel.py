"""The kernel: one message in, the derived events out, state moved on. Deterministic, and free of I/O."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from kernel import messages
from kernel.advance import Passed, admit, admit_history, admit_instant, fold_skip, leave_open, start_day
from kernel.blueprint import Blueprint, assemble, books_of, engines_of, plans_of
from kernel.commands import amend_order, cancel_all_orders, cancel_order, change_limits, set_trading_state
from kernel.context import Observer
from kernel.errors import UsageError
from kernel.events import Event, FeatureGroupSwitched, ReportRefused
from kernel.evolve import evolve
from kernel.features.carry import carry
from kernel.folding import FOLD_MAX, Times, close_fold, close_folds, pass_block
from kernel.guards import Guards
from kernel.messages import CandleClosed, InstantClosed, OrderFilled, Report, SwitchFeatureGroup
from kernel.models.rotation import Rotation
from kernel.notes import Note
from kernel.orders import TRIGGERS, OrderState
from kernel.panel import Panel
from kernel.pipeline import CandlePipeline, Inputs
from kernel.portfolio import is_priced, recount
from kernel.reports import mark, take_fill, take_report
from kernel.skip import SkipReason
from kernel.snapshot import read_snapshot, remind, write_snapshot
from kernel.state import Book, Market, Position, State
from kernel.timeframe import iso
from kernel.wake import NEVER, NO_TIME, Bounds, bounds_of, due_of

__all__ = ["FOLD_MAX", "Kernel"]

_NOTHING: Sequence[Event] = ()


class Kernel:
    """Give it messages in processing order; append the events it gives before anything acts on them.

    `observer`, if any, is told of every step of every candle; the kernel itself reads no clock.
    Errors: UsageError for a market message after the market's end; InvariantBroken is a bug.
    """

    def __init__(self, blueprint: Blueprint, *, observer: Observer | None = None) -> None:
        self.blueprint = blueprint
        self.observer = observer
        self._exits = {strategy.name: strategy.exits for strategy in blueprint.strategies}
        self._guards = Guards(self._exits, blueprint.risk.protections)
        self.engines = engines_of(blueprint, plans_of(blueprint))
        self._adopt(State({i.symbol: Market(i) for i in blueprint.instruments}, books_of(blueprint)))

    def turn(self, message: messages.Message) -> Sequence[Event]:
        """Take one message; give the events derived from it, already folded into the state."""
        return self._turns[message.__class__](message)

    def fingerprint(self) -> str:
        """The sha256 of the whole state: equal states, and only they, have equal fingerprints."""
        return sha256(self.snapshot()).hexdigest()

    def snapshot(self) -> bytes:
        """The whole state, what engines and rules remember included, as bytes that `restore` takes back."""
        return write_snapshot(self.state, self._pipelines, self.engines)

    def restore(self, snapshot: bytes) -> None:
        """Become the kernel that made `snapshot`; it must have been built from the same blueprint."""
        state, memories, engines = read_snapshot(snapshot)
        self.engines = engines_of(self.blueprint, plans_of(self.blueprint, state.groups_off))
        for name, own in engines.items():
            for symbol, memory in own.items():
                self.engines[name][symbol].remember(memory)
        self._adopt(state)
        remind(self._pipelines, memories)

    def inputs(self, strategy: str, symbol: str) -> Inputs:
        """What the steps of a strategy are given of a market."""
        return self._pipelines[strategy][symbol].inputs

    def bounds(self, symbol: str) -> Bounds:
        """The prices of a symbol that matter to the kernel itself, whatever rests at the venue (kernel/wake.py)."""
        if self.state.opened and self._guards.idle and not self.state.halts:
            return NEVER
        return bounds_of(self.state, self.blueprint.risk.protections, symbol)

    def due(self) -> int:
        """The event time from which on any message matters."""
        if any(self.state.books[name].unfinished for name in self._panels):
            return 0
        return NO_TIME if self._guards.idle and not self.state.halts else due_of(self.state)

    @property
    def spreads(self) -> bool:
        """Whether a candle of one market may change what is wanted, or what matters, in another."""
        return bool(self._panels or self._guards.protects or self.state.halts)

    def waits(self, strategy: str) -> bool:
        """Whether a strategy decides at the ends of instants."""
        return strategy in self._panels

    def is_due(self, strategy: str, ts: int) -> bool:
        """Whether a strategy decides at the end of the instant `ts`."""
        panel = self._panels.get(strategy)
        return panel is not None and panel.is_due(ts)

    def passed(self, reasons: Sequence[bytes], times: Times, markets: Sequence[Passed], count: int) -> Sequence[Event]:
        """Take `count` market messages that were looked at elsewhere, in a block: what turning each would have done.

        `reasons` says for each strategy, in one byte a message, why it ended; empty for warm-up candles. `times` are
        the event times.
        """
        return pass_block(self.state, reasons, times, markets, count)

    def _adopt(self, state: State) -> None:
        self.state = state
        self._pipelines = assemble(self.blueprint, state, self.engines)
        self._traders: dict[str, list[tuple[str, Book, CandlePipeline | None]]] = {
            symbol: [(name, book, self._pipelines[name].get(symbol)) for name, book in state.books.items()]
            for symbol in state.markets
        }
        self._panels = {
            strategy.name: Panel(strategy.model, self._pipelines[strategy.name], state)
            for strategy in self.blueprint.strategies
            if isinstance(strategy.model, Rotation)
        }
        self._turns: dict[type, Callable[[Any], Sequence[Event]]] = {
            messages.StreamOpened: self._note,
            messages.CandleClosed: self._candle,
            messages.WarmupCandle: self._warmup,
            messages.InstantClosed: self._instant,
            messages.MarketEnded: self._end,
            messages.SetTradingState: lambda command: set_trading_state(self.state, command),
            messages.CancelOrder: lambda command: cancel_order(self.state, command),
            messages.AmendOrder: lambda command: amend_order(self.state, command),
            messages.CancelAllOrders: lambda command: cancel_all_orders(self.state, command),
            messages.ChangeLimits: lambda command: change_limits(self.state, command),
            SwitchFeatureGroup: self._switch,
            OrderFilled: self._filled,
            **dict.fromkeys(Note.__args__, lambda _: _NOTHING),
            **dict.fromkeys(TRIGGERS, self._reported),
        }
        if state.ended_market:
            self._refuse_market()

    def _note(self, message: messages.StreamOpened) -> Sequence[Event]:
        if self.state.definition:
            raise UsageError(
                f"this stream was opened for the definition {self.state.definition}, and is opened again",
                fix="start another stream: an account begins once",
            )
        evolve(self.state, message)
        return _NOTHING

    def _warmup(self, candle: CandleClosed) -> Sequence[Event]:
        """A longer candle may open before the window and close in it: it ends the folds, which count without holes."""
        state = self.state
        market = state.market(candle.symbol)
        events = close_folds(state, candle.ts, state.ordinal)
        admit_history(state, market, candle)
        for _, _, pipeline in self._traders[candle.symbol]:
            if pipeline is not None:
                pipeline.engine.update(candle)
        return events

    def _candle(self, candle: CandleClosed) -> Sequence[Event]:
        state, symbol = self.state, candle.symbol
        market = state.markets.get(symbol) or state.market(symbol)
        events = self._new_day(candle) if candle.open_time >= state.day_ends else _NOTHING
        admit(state, market, candle)
        if not state.opened and is_priced(state):
            events = [*events, mark(state, candle.ts, "open")]
        if state.halts or not self._guards.idle:
            events = self._after_folds(events, self._guards.candle(state, market, candle), candle.ts)
        observer = self.observer
        for name, book, pipeline in self._traders[symbol]:
            if pipeline is None:
                events = self._skipped(events, name, book, None, SkipReason.NOT_TRADED, candle.ts)
                continue
            pipeline.update(candle)
            outcome = pipeline.run(candle) if observer is None else pipeline.run_observed(candle, observer)
            if outcome.__class__ is SkipReason:
                if fold_skip(book, pipeline.position, outcome) == FOLD_MAX:
                    events = [*events, *close_fold(state, name, candle.ts, state.ordinal)]
            else:
                events = [*events, *self._decided(name, outcome.events, candle.ts)]  # type: ignore[union-attr]
        return events

    def _decided(self, name: str, decided: Sequence[Event], ts: int) -> Sequence[Event]:
        """Close the strategy's fold, and fold what it decided."""
        state = self.state
        closed = close_fold(state, name, ts, state.ordinal - 1)
        for event in decided:
            evolve(state, event)
        return [*closed, *decided]

    def _skipped(
        self, events: Sequence[Event], name: str, book: Book, position: Position | None, reason: SkipReason, ts: int
    ) -> Sequence[Event]:
        full = fold_skip(book, position, reason) == FOLD_MAX
        return [*events, *close_fold(self.state, name, ts, self.state.ordinal)] if full else events

    def _after_folds(self, events: Sequence[Event], forced: Sequence[Event], ts: int) -> Sequence[Event]:
        """What was forced at a candle ends the folds of the candles before it."""
        if not forced:
            return events
        return [*events, *close_folds(self.state, ts, self.state.ordinal - 1), *forced]

    def _instant(self, message: InstantClosed) -> Sequence[Event]:
        state = self.state
        admit_instant(state, message)
        events: Sequence[Event] = _NOTHING
        for name, book in state.books.items():
            panel = self._panels.get(name)
            if panel is None:
                events = self._skipped(events, name, book, None, SkipReason.NOT_TRADED, message.ts)
                continue
            decided, reason, unfinished = False, SkipReason.TARGET_UNCHANGED, False
            for outcome in panel.run(message, book, self.observer):
                if isinstance(outcome, SkipReason):
                    reason = outcome
                    unfinished = unfinished or outcome is SkipReason.AWAITING_EXIT
                    continue
                closed = _NOTHING if decided else close_fold(state, name, message.ts, state.ordinal - 1)
                for event in outcome.events:
                    evolve(state, event)
                events, decided = [*events, *closed, *outcome.events], True
            leave_open(book, unfinished=unfinished or (book.unfinished and reason is SkipReason.WARMING_UP))
            if not decided:
                events = self._skipped(events, name, book, None, reason, message.ts)
        return events

    def _new_day(self, candle: CandleClosed) -> Sequence[Event]:
        """The first candle of a UTC day marks the account at the day before's last prices."""
        state = self.state
        first = state.day_ends == 0
        start_day(state, candle.open_time)
        if first:
            return _NOTHING
        recount(state)
        marked = [mark(state, candle.ts, "day")] if state.opened else []
        return [*close_folds(state, candle.ts, state.ordinal), *marked]

    def _switch(self, command: SwitchFeatureGroup) -> Sequence[Event]:
        """Compute another set of features from the next candle on; those that stay go on as they are."""
        off = set(self.state.groups_off)
        event = FeatureGroupSwitched(
            command.ts, command.group, command.enabled, (command.group in off) == command.enabled
        )
        evolve(self.state, event)
        if event.changed:
            before = self.engines
            self.engines = engines_of(self.blueprint, plans_of(self.blueprint, self.state.groups_off))
            for name, own in self.engines.items():
                for symbol, engine in own.items():
                    carry(before[name][symbol].plan, before[name][symbol].memory(), engine)
            memories = {name: {s: p.rule for s, p in own.items()} for name, own in self._pipelines.items()}
            self._adopt(self.state)
            for name, rules in memories.items():
                for symbol, rule in rules.items():
                    if rule is not None:
                        self._pipelines[name][symbol].rule.memory = rule.memory  # type: ignore[union-attr]
        return (event,)

    def _end(self, message: messages.MarketEnded) -> Sequence[Event]:
        evolve(self.state, message)
        self._refuse_market()
        recount(self.state)
        marked = [mark(self.state, message.ts, "end")] if self.state.opened else []
        return [*close_folds(self.state, message.ts, self.state.ordinal), *marked]

    def _refuse_market(self) -> None:
        market = (messages.CandleClosed, messages.WarmupCandle, messages.InstantClosed, messages.MarketEnded)
        self._turns |= dict.fromkeys(market, _after_the_end)

    def _filled(self, fill: OrderFilled) -> Sequence[Event]:
        state = self.state
        late = fill.order in state.ended
        order = state.orders.get(fill.order) or state.ended.get(fill.order)
        trips = state.books[order.request.strategy].round_trips if order is not None else 0
        events = take_fill(state, self._exits, fill)
        if order is None or isinstance(events[0], ReportRefused):
            return events
        request = order.request
        if late and request.purpose == "entry" and (closing := self._guards.unguarded(state, request, fill.ts)):
            events = [*events, *closing]
        if not (state.halts or self._guards.protects):
            return events
        closed = state.books[request.strategy].round_trips != trips
        return [*events, *self._guards.filled(state, fill, request.strategy, request.symbol, closed=closed)]

    def _reported(self, report: Report) -> Sequence[Event]:
        state = self.state
        order = state.orders.get(report.order)
        wanted = order is None or order.state is OrderState.CANCELING
        events = take_report(state, self._exits, report)
        if wanted or order is None or report.order in state.orders or not order.request.parent:
            return events
        return [*events, *self._guards.unguarded(state, order.request, report.ts)]


def _after_the_end(message: messages.Message) -> Sequence[Event]:
    raise UsageError(
        f"{type(message).__name__} at {iso(message.ts)} came after this stream's market had ended",
        fix="start another run for another market: a stream that has ended stays ended",
    )
