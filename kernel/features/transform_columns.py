"""A fitted transform over whole columns: bit for bit what kernel/features/transform.py does candle by candle."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from kernel.features.transform import FittedTransform

__all__ = ["transformed"]

Column = npt.NDArray[np.float64]


def transformed(transform: FittedTransform, columns: Mapping[str, Column]) -> dict[str, Column]:
    """The kept features' columns, by name, in their order."""
    made = {}
    for step in transform.kept:
        column = columns[step.name]
        with np.errstate(over="ignore"):  # infinite there as here
            made[step.name] = (np.where(np.isfinite(column), column, step.fill) - step.center) / step.scale
    return made
