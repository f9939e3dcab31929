"""What the steps would say of every candle of a block, as far as the market alone decides it.

The steps themselves stay the judges: a candle with a wish is turned by the kernel. What is said here of all others must
be what they would have said; tests run both over the same candles.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kernel.features.block_engine import BlockEngine
from kernel.features.columns import Column
from kernel.features.transform_columns import transformed
from kernel.models.prediction import NO_OPINION
from kernel.models.rotation import Rotation
from kernel.models.rule import PythonRule
from kernel.pipeline import GATE, Inputs
from kernel.skip import SkipReason
from kernel.state import Market
from kernel.strategy import Strategy
from kernel.wake import WAKE

__all__ = ["Verdicts", "verdicts"]


class Verdicts(NamedTuple):
    """By candle: a skip reason, 0 where the model has a wish, or WAKE; and the direction that it wishes for."""

    codes: npt.NDArray[np.uint8]
    wishes: npt.NDArray[np.int8]


def verdicts(strategy: Strategy, inputs: Inputs, engine: BlockEngine, market: Market, rows: int) -> Verdicts:
    """Judge the block that an engine has advanced over. `market` stands before it; `strategy` is in force."""
    codes = np.zeros(rows, dtype=np.uint8)
    wishes = np.zeros(rows, dtype=np.int8)
    if isinstance(strategy.model, Rotation):
        codes[:] = SkipReason.INSTANT_OPEN
    else:
        features = _features(inputs, engine)
        finite = np.ones(rows, dtype=np.bool_)
        for column in features:
            finite &= np.isfinite(column)
        if isinstance(strategy.model, PythonRule):
            codes[:] = WAKE
        else:
            wishes = strategy.model.directions(features)
            codes[wishes == NO_OPINION] = SkipReason.NO_OPINION
        codes[~finite] = SkipReason.FEATURE_NOT_FINITE
        cold = max(engine.plan.warmups, default=1) - 1 - market.seen
        codes[: max(cold, 0)] = SkipReason.WARMING_UP
        if strategy.gate is not None:
            codes[engine.watched_column(GATE) != 1.0] = SkipReason.GATE_CLOSED
    return Verdicts(codes, wishes)


def _features(inputs: Inputs, engine: BlockEngine) -> Sequence[Column]:
    """What the model reads, a column each."""
    wanted: Mapping[str, Column] = dict(zip(engine.plan.names, engine.values, strict=True))
    if inputs.transform is not None:
        wanted = transformed(inputs.transform, wanted)
    return [wanted[name] for name in inputs.read]
