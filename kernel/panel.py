"""A strategy that decides over several markets at once, when every candle of an instant has come.

Exits come before entries, and entries wait until no exit is under way: money is spent when it is there. Then they are
decided anew, at the next instant, whatever the clock says.
"""

from collections.abc import Iterator, Mapping
from math import isfinite

from kernel.context import Observer, Outcome
from kernel.messages import InstantClosed
from kernel.models.prediction import Prediction
from kernel.models.rotation import Rotation
from kernel.pipeline import CandlePipeline
from kernel.skip import SkipReason
from kernel.state import Book, State
from kernel.steps.execution import Execution
from kernel.steps.inference import Inference
from kernel.timeframe import NS_PER_SECOND

__all__ = ["Panel"]

_MINUTE_NS = 60 * NS_PER_SECOND


class Panel:
    """The pipelines of one strategy by symbol, and the model that reads them all."""

    def __init__(self, model: Rotation, pipelines: Mapping[str, CandlePipeline], state: State) -> None:
        self._model = model
        self._pipelines = pipelines
        self._state = state

    def is_due(self, ts: int) -> bool:
        """Whether anything is decided at this time of the clock."""
        return ts % (self._model.minutes * _MINUTE_NS) == 0

    def run(self, message: InstantClosed, book: Book, observer: Observer | None) -> Iterator[Outcome]:
        """Decide for one market after the other. The events of each must be folded before the next one is asked for."""
        if not book.unfinished and not self.is_due(message.ts):
            yield SkipReason.NOT_DUE
            return
        values = self._read(message.ts, observer)
        if not values:
            yield SkipReason.WARMING_UP
            return
        wishes = self._model.predict_all(values)
        if observer is not None:
            self._tell(wishes, observer)
        changes = [s for s, wish in wishes.items() if wish.direction != self._pipelines[s].position.direction]
        if not changes:
            yield SkipReason.TARGET_UNCHANGED
        for symbol in sorted(changes, key=lambda s: wishes[s].direction != 0):  # stable: then in symbol order
            yield self._act(symbol, wishes[symbol], message.ts, observer)

    def _read(self, ts: int, observer: Observer | None) -> dict[str, list[float]]:
        """The features of every market that has a candle of this instant, is warm, and has finite values."""
        values = {}
        for symbol, pipeline in self._pipelines.items():
            if pipeline.market.ts != ts:
                continue
            pipeline.context.ts = ts
            outcome = pipeline.through(pipeline.reading, observer)
            if outcome is pipeline.context and all(isfinite(v) for v in pipeline.context.features):
                values[symbol] = list(pipeline.context.features)
        return values

    def _act(self, symbol: str, wish: Prediction, ts: int, observer: Observer | None) -> Outcome:
        pipeline = self._pipelines[symbol]
        pipeline.context.prediction = wish
        pipeline.context.ts = ts
        if wish.direction != 0 and self._leaving():
            if observer is not None:
                observer.step(Execution.name, SkipReason.AWAITING_EXIT, pipeline.context)
            return SkipReason.AWAITING_EXIT
        return pipeline.through(pipeline.acting, observer)

    def _tell(self, wishes: Mapping[str, Prediction], observer: Observer) -> None:
        """What the model says of each market, as a step would have told it."""
        for symbol, wish in wishes.items():
            pipeline = self._pipelines[symbol]
            pipeline.context.prediction = wish
            unchanged = wish.direction == pipeline.position.direction
            outcome = SkipReason.TARGET_UNCHANGED if unchanged else pipeline.context
            observer.step(Inference.name, outcome, pipeline.context)

    def _leaving(self) -> bool:
        orders = self._state.orders
        return any(
            orders[number].request.reduce_only and not orders[number].request.parent
            for pipeline in self._pipelines.values()
            for number in pipeline.position.live
        )
