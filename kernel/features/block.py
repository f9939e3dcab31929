"""Candles side by side, as numpy columns."""

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Block"]


class Block(NamedTuple):
    """Consecutive candles of one market. int64, or Python ints in an object array where wider; `open_time` in ns."""

    open_time: "npt.NDArray[Any]"
    open: "npt.NDArray[Any]"
    high: "npt.NDArray[Any]"
    low: "npt.NDArray[Any]"
    close: "npt.NDArray[Any]"
    volume: "npt.NDArray[Any]"
