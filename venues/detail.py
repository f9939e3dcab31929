"""Finer candles of a market, found by the candle that they make up: what happened inside it, in which order."""

from collections.abc import Iterator, Mapping, Sequence

from kernel.instrument import Instrument
from venues.dataset import CandleBlock, Dataset

__all__ = ["CandleDetail", "Inside"]

Inside = tuple[int, int, int, int, int, int]
"""A finer candle: open time (ns), then open, high, low, close (price units), volume (volume units)."""


class CandleDetail:
    """Datasets of finer candles by symbol, read forward as the market goes on; an earlier candle is sought anew.

    `instruments` by symbol say in which units the run counts, where the dataset counts in others: its prices have no
    more decimals than theirs, a finer volume is rounded down.
    """

    def __init__(self, datasets: Mapping[str, Dataset], instruments: Mapping[str, Instrument] | None = None) -> None:
        known = instruments or {}
        self._readers = {symbol: _Reader(dataset, known.get(symbol)) for symbol, dataset in datasets.items()}

    def inside(self, symbol: str, open_time: int, close_ts: int) -> Sequence[Inside]:
        """The finer candles that open from `open_time` to before `close_ts`; none where the symbol has no detail."""
        reader = self._readers.get(symbol)
        return reader.rows(open_time, close_ts) if reader is not None else ()


class _Reader:
    def __init__(self, dataset: Dataset, instrument: Instrument | None) -> None:
        self._dataset = dataset
        own = dataset.manifest
        self._price = 10 ** (instrument.price_decimals - own.price_decimals) if instrument is not None else 1
        volume = instrument.volume_decimals - own.volume_decimals if instrument is not None else 0
        self._volume, self._volume_divisor = 10 ** max(volume, 0), 10 ** max(-volume, 0)
        self._blocks: Iterator[CandleBlock] = iter(())
        self._block: CandleBlock | None = None
        self._read_to: int | None = None

    def rows(self, first: int, before: int) -> list[Inside]:
        if self._read_to is None or first < self._read_to:
            self._blocks, self._block = self._dataset.blocks(first_ns=first), None
        self._read_to = before
        found: list[Inside] = []
        while True:
            if self._block is None or int(self._block.open_time[-1]) < first:
                self._block = next(self._blocks, None)
                if self._block is None:
                    return found
                continue
            times = self._block.open_time
            begin, end = int(times.searchsorted(first)), int(times.searchsorted(before))
            opened, *prices, volume = (column[begin:end] for column in self._block)
            scaled = ((column * self._price).tolist() for column in prices)
            found += zip(
                opened.tolist(), *scaled, (volume * self._volume // self._volume_divisor).tolist(), strict=True
            )
            if end < len(times):
                return found
            first = int(times[-1]) + 1
