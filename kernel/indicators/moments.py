"""What skew and kurtosis share: the mean of a ring's inputs, measured from the newest so that no digits are lost."""

from kernel.indicators.kind import Floats, Ints
from kernel.indicators.ring import at

__all__ = ["mean_from_newest"]


def mean_from_newest(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean less the newest input; exactly 0 for equal inputs, not finite where an input is not."""
    size, newest = n[j], at(f, n, i, j, 0)
    total = 0.0
    for age in range(size - 1, -1, -1):
        total += at(f, n, i, j, age) - newest
    return float(total / size)
