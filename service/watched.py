"""One candle of an execution that is made again, and all that is seen of it: where it ended, and why."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from kernel.context import STEP_NAMES
from kernel.errors import CheckFailed, UsageError
from kernel.events import CandlesSkipped, DecisionMade, Event, RiskRefused
from kernel.kernel import Kernel
from kernel.messages import CandleClosed, InstantClosed, MarketMessage, Message, Report, WarmupCandle
from kernel.skip import SkipReason
from kernel.timeframe import iso
from service.definition import RunDefinition
from service.explanation import Explanation, order_story, shown, standing_of, why_absent
from service.log.record import Record, decoded
from service.trace import StepTrace, Trace

__all__ = ["Watched"]

_MARKS = ("CandlesSkipped", "EquityMarked")
_REPORTS = {t.__name__ for t in Report.__args__}
_FATES = (CandlesSkipped.__name__, DecisionMade.__name__)
_WINDOW = "ask for an earlier candle; `candled log show RUN` shows what was recorded"


class Watched:
    """The candle of `symbol` that opens at `opened`, on the way of a run's messages through the kernel.

    `done` says that the strategy has looked at it; no message is needed after that.
    """

    def __init__(self, kernel: Kernel, strategy: str, symbol: str, opened: int) -> None:
        self.candle: CandleClosed | None = None
        self.done = False
        self._kernel, self._strategy, self._symbol, self._opened = kernel, strategy, symbol, opened
        self._market = symbol, strategy
        self._trace = Trace(kernel, strategy, symbol)
        self._events: list[Event] = []
        self._ordinal = self._seen = 0
        self._fold = b""
        self._standing = standing_of(kernel, strategy, symbol)

    def take(self, message: Message) -> None:
        """Turn a message: watching, where it is the candle, or the end of its instant for a strategy that waits."""
        if isinstance(message, CandleClosed) and message.open_time == self._opened and message.symbol == self._symbol:
            self._look_at(message)
            self.done = isinstance(message, WarmupCandle) or not self._kernel.waits(self._strategy)
        elif self.candle is not None and isinstance(message, InstantClosed):
            self._look_at_instant(message)
            self.done = True
        else:
            self._kernel.turn(message)

    def _look_at(self, candle: CandleClosed) -> None:
        self.candle, self._ordinal = candle, self._kernel.state.ordinal + 1
        self._seen = self._ordinal
        self._standing = standing_of(self._kernel, self._strategy, self._symbol)
        self._turn(candle)

    def _look_at_instant(self, message: InstantClosed) -> None:
        self._ordinal = self._kernel.state.ordinal + 1
        self._trace.steps = {}
        self._fold = bytes(self._kernel.state.books[self._strategy].fold)
        self._turn(message)

    def _turn(self, message: MarketMessage) -> None:
        self._kernel.observer = self._trace
        self._events += self._kernel.turn(message)
        self._kernel.observer = None

    def answer(
        self, definition: RunDefinition, recorded: Sequence[Record], *, candle_seq: int | None = None
    ) -> Explanation:
        """What was seen, as far as the log agrees: its `recorded` without the market. `candle_seq` is the candle's own.

        Errors: UsageError when the run never came to that candle; CheckFailed when the log says something else.
        """
        candle, kernel = self.candle, self._kernel
        if candle is None or not self.done:
            what = f"the run has no candle of {self._symbol} that opens at {iso(self._opened)}: it ended before"
            raise UsageError(what, fix=_WINDOW)
        own = [e for e in self._events if getattr(e, "strategy", "") in ("", self._strategy)]
        folded = self._folded(own)
        own = [e for e in own if getattr(e, "symbol", self._symbol) in ("", self._symbol)]
        decided = next((place for place, e in enumerate(own) if isinstance(e, DecisionMade)), len(own))
        reason = next((step.reason for step in self._trace.steps.values() if step.reason), None)
        waits = kernel.waits(self._strategy)
        if waits and decided == len(own) and reason is None:
            reason = folded
        refused = next((e.reason for e in own[decided:] if isinstance(e, RiskRefused)), None)
        steps = tuple(
            self._trace.steps.get(name) or StepTrace(name, why_absent(name, definition, self._strategy))
            for name in STEP_NAMES
        )
        warmup = isinstance(candle, WarmupCandle)
        fate = folded if waits else reason
        decided_on = self._symbol if decided < len(own) else ""
        seq = candle_seq if warmup else self._covering(recorded, fate, symbol=decided_on, candle_seq=candle_seq)
        reports = [] if warmup else self._reports(recorded, candle)
        told = [e.order for e in (*reports, *own) if isinstance(getattr(e, "order", None), int)]
        return Explanation(
            seq=seq,
            strategy=self._strategy,
            candle=shown(candle, kernel.state.markets[self._symbol].instrument),
            outcome="warmup" if warmup else "refused" if refused else "skipped" if reason else "ordered",
            reason=reason or refused,
            standing=self._standing,
            steps=steps,
            reports=tuple(msgspec.to_builtins(report) for report in reports),
            forced=tuple(msgspec.to_builtins(e) for e in own[:decided] if type(e).__name__ not in _MARKS),
            orders=tuple(order_story(recorded, order) for order in dict.fromkeys(told)),
        )

    def _folded(self, own: Sequence[Event]) -> str | None:
        """Why the strategy as a whole decided nothing on the message; None where it decided on any of its markets."""
        fold = self._kernel.state.books[self._strategy].fold
        if fold:
            return SkipReason(fold[-1]).label
        full = next((e for e in own if isinstance(e, CandlesSkipped) and e.last == self._ordinal), None)
        if full is None:
            return None
        before = Counter(SkipReason(code).label for code in self._fold)
        return next(iter(Counter(full.counts) - before))

    def _reports(self, recorded: Sequence[Record], candle: CandleClosed) -> list[Any]:
        """What the venue reported as it saw the candle, before it was looked at: of the strategy's orders there."""
        state, told = self._kernel.state, []
        for record in recorded:
            if record.ts == candle.ts and record.type in _REPORTS:
                report = decoded(record)
                order = state.orders.get(report.order) or state.ended.get(report.order)
                mine = order is not None and (order.request.symbol, order.request.strategy) == self._market
                if mine and report.after < self._seen:
                    told.append(report)
        return told

    def _covering(self, recorded: Sequence[Record], reason: str | None, *, symbol: str, candle_seq: int | None) -> int:
        """The seq of the record that holds the candle's fate, which must agree with what was derived again.

        A decision is one on `symbol`; on any market of the strategy where that is "". While skips are still being
        counted, the candle's own record is all there is of it.
        """
        ordinal, last = self._ordinal, 0
        for record in recorded:
            if record.type in _FATES:
                event = decoded(record)
                if event.strategy != self._strategy:
                    continue
                skipped = isinstance(event, CandlesSkipped)
                first, last = (event.first, event.last) if skipped else (event.candle, event.candle)
                agrees = reason in event.counts if skipped else reason is None and symbol in ("", event.symbol)
                if first <= ordinal <= last and agrees:
                    return record.seq
        if last < ordinal and candle_seq is not None:
            return candle_seq
        if last < ordinal:
            what = f"the log ends at candle {last}, before this one, which is candle {ordinal}"
            raise UsageError(what, fix=_WINDOW)
        raise CheckFailed(
            f"executed again, candle {ordinal} gives {reason or 'a decision'}; the log does not say so",
            fix="run `candled replay RUN --verify`: it names the first record that differs",
        )
