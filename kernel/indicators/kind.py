"""What an indicator kind is. A kind is one file of this package that ends with `KIND = Kind(...)`; nothing lists it.

Its functions are plain Python over two flat arrays that all indicators of a market share: `f` holds floats, `n` whole
numbers. A node of the kind owns `room` of each, from `f[i]` and `n[j]` on. The same functions run as they are, and
compiled, and must give the same bits: scalar loops, `+ - * /`, `math.*` and integers below 2**63; no `**`, no numpy, no
exception. Other functions may be called if they are module-level functions of this package. Where plain and compiled
Python differ (a division by 0, the logarithm of 0, the root of a negative number) a kind guards itself.
"""

from collections.abc import Callable, Mapping, MutableSequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["COLUMNS", "Floats", "Ints", "Kind", "Output", "Real", "Whole"]

Floats = MutableSequence[float]  # a list, or a float64 array
Ints = MutableSequence[int]  # a list, or an int64 array

COLUMNS = ("open", "high", "low", "close", "volume", "minute")
"""What a candle gives: prices in quote, volume in base units, and its open time in minutes since 1970, UTC."""

Memory = Literal["window", "recursive", "cumulative"]


@dataclass(frozen=True, slots=True)
class Whole:
    """A parameter that is a whole number: a period, a lag."""

    low: int = 1
    high: int = 100_000
    default: int | None = None


@dataclass(frozen=True, slots=True)
class Real:
    """A parameter that is a float: a multiple, a rate."""

    low: float
    high: float
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """A value that can be read: `emit(f, n, i, j)`, after `warmup(*parameters)` inputs (1: from the first on).

    Before that many finite inputs were seen, and in a window that has a NaN in it, `emit` gives NaN. It writes nothing.
    """

    emit: Callable[[Floats, Ints, int, int], float]
    warmup: Callable[..., int]


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of turning a series, or several, into values.

    `inputs`: the columns that it reads when a feature names no others; a feature names as many.
    `parameters`: in the order in which `room`, `bootstrap_state` and `warmup` take them.
    `room(*parameters)`: how many floats and whole numbers a node needs.
    `bootstrap_state(f, n, i, j, *parameters)`: writes the state before the first input; its room holds zeros before.
    `update(f, n, i, j, *inputs)`: takes the next candle's inputs. Every input may be NaN or infinite.
    `outputs`: by name; the first is what a feature gets that names none.
    `memory`: "window": the bits depend on the last `warmup` inputs alone; "recursive": a start fades; "cumulative": a
    start is never forgotten. `cost`: of update and emit together; "O(window)" re-sums.
    """

    name: str
    inputs: tuple[str, ...]
    parameters: Mapping[str, Whole | Real]
    room: Callable[..., tuple[int, int]]
    bootstrap_state: Callable[..., None]
    update: Callable[..., None]
    outputs: Mapping[str, Output]
    memory: Memory
    cost: Literal["O(1)", "O(window)"] = "O(1)"
