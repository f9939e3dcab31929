"""The fit phase as Hamilton's nodes: imputer, variance filter, normalizer. Every function is a node, named by itself.

All sums are exact until they are rounded once (math.fsum), so the numbers depend on the values alone: not on their
order, the machine or a library's version.
"""

from math import fsum, inf, isfinite, sqrt

import numpy as np
import numpy.typing as npt

__all__ = ["center", "dropped", "fill", "imputed", "scale", "variance"]

Columns = dict[str, npt.NDArray[np.float64]]
Numbers = dict[str, float]
Reasons = dict[str, str]


def fill(training: Columns) -> Numbers:
    """The median of a feature's finite values; features without any have none."""
    finite = {name: np.sort(column[np.isfinite(column)]) for name, column in training.items()}
    return {name: _middle(ordered) for name, ordered in finite.items() if len(ordered)}


def imputed(training: Columns, fill: Numbers) -> Columns:
    """The columns with every value that is not finite filled."""
    return {name: np.where(np.isfinite(training[name]), training[name], number) for name, number in fill.items()}


def center(imputed: Columns, fill: Numbers) -> Numbers:
    """The mean, measured from the median: that of equal values is their value exactly."""
    with np.errstate(over="ignore"):  # `dropped` speaks of it
        return {name: fill[name] + _sum(column - fill[name]) / len(column) for name, column in imputed.items()}


def variance(imputed: Columns, center: Numbers) -> Numbers:
    """The mean of the squared distances from the mean."""
    found = {}
    for name, column in imputed.items():
        with np.errstate(over="ignore", invalid="ignore"):
            away = column - center[name]
            found[name] = _sum(away * away) / len(column)
    return found


def scale(variance: Numbers) -> Numbers:
    """The standard deviation."""
    return {name: sqrt(number) for name, number in variance.items()}


def dropped(training: Columns, variance: Numbers, min_variance: float) -> Reasons:
    """The features that a model does not get to see, and why."""
    reasons = {}
    for name in training:
        if name not in variance:
            reasons[name] = "it has no finite value"
        elif not isfinite(variance[name]):
            reasons[name] = "its values are too large to be squared"
        elif variance[name] <= min_variance:
            reasons[name] = f"its variance of {variance[name]!r} is not above {min_variance!r}"
    return reasons


def _middle(ordered: npt.NDArray[np.float64]) -> float:
    low, high = float(ordered[(len(ordered) - 1) // 2]), float(ordered[len(ordered) // 2])
    return low if low == high else low / 2 + high / 2


def _sum(values: npt.NDArray[np.float64]) -> float:
    """The exact sum, rounded once; infinite where a float cannot hold it."""
    try:
        return fsum(values.tolist())
    except (OverflowError, ValueError):
        return inf
