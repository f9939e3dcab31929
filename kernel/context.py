"""What the steps of the pipeline hand to each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kernel.events import Event
from kernel.messages import CandleClosed
from kernel.models.prediction import Prediction
from kernel.skip import SkipReason
from kernel.state import Market, Position, State

__all__ = ["STEP_NAMES", "CandleContext", "Observer", "Outcome", "PipelineStep", "Predict"]

STEP_NAMES = ("CusumGate", "Enrichment", "FeatureEngineering", "Inference", "FilterChain", "Execution")
Predict = Callable[[Sequence[float]], Prediction | None]


@dataclass(slots=True)
class CandleContext:
    """One candle on its way through the steps. State, market and position are read; each step fills in its own field.

    `ts` is the event time: the candle's close, or that of the instant that it belongs to.
    """

    state: State
    market: Market
    position: Position
    candle: CandleClosed
    ts: int = 0
    values: Sequence[float] = ()
    features: Sequence[float] = ()
    prediction: Prediction | None = None
    events: Sequence[Event] = ()


Outcome = CandleContext | SkipReason


class PipelineStep(Protocol):
    """One step: gives the context back (the candle goes on) or the reason why the candle ends here."""

    @property
    def name(self) -> str:
        """One of STEP_NAMES."""

    def __call__(self, context: CandleContext, /) -> Outcome:
        """Do the step's work on one candle."""


class Observer(Protocol):
    """Told after each step; may read a clock, must not change what it is shown."""

    def candle(self, candle: CandleClosed, /) -> None:
        """A candle is about to run through the steps."""

    def step(self, name: str, outcome: Outcome, context: CandleContext, /) -> None:
        """A step is done."""
