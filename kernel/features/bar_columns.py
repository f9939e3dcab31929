"""Bars of a whole block of candles at once: what kernel/features/bars.py makes one by one."""

from typing import Any

import numpy as np
import numpy.typing as npt

from kernel.features.bars import BarMaker
from kernel.features.block import Block

__all__ = ["bars_of"]

Units = npt.NDArray[Any]


def bars_of(maker: BarMaker, block: Block, base_ns: int) -> tuple[Block, npt.NDArray[np.int64]]:
    """The bars that close in a block, and the moments at which they do (see columns.py). Moves `maker` on.

    Candles are grouped by the bar that they fall into; the first group joins what `maker` holds, the last stays with it
    if its end has not come.
    """
    opened = block.open_time
    ends = opened - opened % maker.length_ns + maker.length_ns
    first = np.flatnonzero(np.concatenate(([True], ends[1:] != ends[:-1])))
    last = np.concatenate((first[1:], [len(opened)])) - 1
    bars = [
        block.open[first],
        np.maximum.reduceat(block.high, first),
        np.minimum.reduceat(block.low, first),
        block.close[last],
        np.add.reduceat(_summable(block.volume), first),
        ends[first] - maker.length_ns,
    ]
    known = np.ones(len(first), dtype=np.bool_)
    known[0] = maker.ends > 0 or opened[0] == ends[0] - maker.length_ns
    moments = np.where(opened[last] + base_ns >= ends[last], 2 * last + 1, 2 * last + 2)
    if maker.making:
        bars, moments, known = _joined(maker, bars, moments, known, int(ends[0]))
    return _left(maker, bars, moments, known, len(opened))


def _summable(volume: Units) -> Units:
    """Whole numbers whose sums cannot leave 63 bits; else Python's own."""
    if volume.dtype == object or int(volume.max()) * len(volume) < 2**62:
        return volume
    return volume.astype(object)


def _joined(
    maker: BarMaker, bars: list[Units], moments: Units, known: Units, ends: int
) -> tuple[list[Units], Units, Units]:
    """With the bar that was in the making: the beginning of the first group, or a bar of its own that ends late."""
    held = (maker.open, maker.high, maker.low, maker.close, maker.volume, maker.ends - maker.length_ns)
    bars = [bar.astype(object) if abs(value) >= 2**62 else bar for bar, value in zip(bars, held, strict=True)]
    if maker.ends != ends:
        bars = [
            np.concatenate((np.array([value], dtype=bar.dtype), bar)) for bar, value in zip(bars, held, strict=True)
        ]
        return bars, np.concatenate(([0], moments)), np.concatenate(([maker.known], known))
    bars[0][0] = maker.open
    bars[1][0] = max(maker.high, bars[1][0])
    bars[2][0] = min(maker.low, bars[2][0])
    bars[4][0] += maker.volume
    known[0] = maker.known
    return bars, moments, known


def _left(maker: BarMaker, bars: list[Units], moments: Units, known: Units, rows: int) -> tuple[Block, Units]:
    """Give the bars that closed; leave with `maker` the one that did not."""
    open_, high, low, close, volume, opened = (column[-1] for column in bars)
    maker.making = int(moments[-1]) >= 2 * rows
    maker.ends = int(opened) + maker.length_ns
    maker.known = bool(known[-1])
    maker.open, maker.high, maker.low, maker.close = int(open_), int(high), int(low), int(close)
    maker.volume = int(volume)
    closed = known if not maker.making else np.concatenate((known[:-1], [False]))
    times = [column[closed] for column in bars]
    return Block(times[5], *times[:5]), moments[closed].astype(np.int64)
