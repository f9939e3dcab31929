"""What a symbol's candles say of its trades: how far each went for and against, and how large its orders were there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from research.report.ledger import FillTimes
from research.report.market import Candles
from research.report.trades import Trade
from venues.dataset import CandleBlock

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["PriceHistory", "VolumeShares", "excursions", "load", "thinned", "volume_shares"]

_SHARE_LARGE = 0.1  # of a candle's volume: more than that moves the price


class PriceHistory(NamedTuple):
    """Candles for a chart, each made of as many as it takes to have few of them. Floats in quote; times open, in ns."""

    open_time: list[int]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]


class VolumeShares(NamedTuple):
    """How many orders were looked up, how many took more than a tenth of a candle's volume, and the largest share."""

    orders: int
    large: int
    largest: float


def load(market: Candles, *, first_ns: int | None, before_ns: int | None) -> CandleBlock | None:
    """The candles of a run's window, whole; None where there are none."""
    blocks = list(market.blocks(first_ns=first_ns, before_ns=before_ns))
    if not blocks:
        return None
    return CandleBlock(*(np.concatenate([getattr(block, name) for block in blocks]) for name in CandleBlock._fields))


def excursions(candles: CandleBlock, market: Candles, trades: Sequence[Trade]) -> list[Trade]:
    """The trades, each with the worst and best price of the candles that closed after its entry, up to its exit."""
    closed_at = candles.open_time + market.length_ns
    first = closed_at.searchsorted([trade.entry_time for trade in trades], side="right")
    last = closed_at.searchsorted([trade.exit_time for trade in trades], side="right")
    scale = 10.0**-market.price_decimals
    found = []
    for trade, start, end in zip(trades, first.tolist(), last.tolist(), strict=True):
        entry, leave = float(trade.entry_price), float(trade.exit_price)
        low = min(entry, leave, float(candles.low[start:end].min()) * scale if end > start else entry)
        high = max(entry, leave, float(candles.high[start:end].max()) * scale if end > start else entry)
        down, up = (low / entry - 1, high / entry - 1) if entry else (0.0, 0.0)
        against, favor = (down, up) if trade.side == "long" else (-up, -down)
        found.append(msgspec.structs.replace(trade, mae_rate=against, mfe_rate=favor))
    return found


def volume_shares(candles: CandleBlock, market: Candles, fills: FillTimes) -> VolumeShares | None:
    """Each order's fills on a candle, as a share of that candle's volume. None where no candle has a volume."""
    if not len(fills.ts) or not (candles.volume > 0).any():
        return None
    closed_at = candles.open_time + market.length_ns
    rows = np.maximum(closed_at.searchsorted(np.asarray(fills.ts), side="right") - 1, 0)
    pairs, place = np.unique(np.stack([rows, np.asarray(fills.order)]), axis=1, return_inverse=True)
    filled = np.bincount(place.reshape(-1), weights=np.asarray(fills.quantity))
    volumes = candles.volume[pairs[0]].astype(np.float64) * 10.0**-market.volume_decimals
    large = int((filled > _SHARE_LARGE * volumes).sum())
    some = volumes > 0
    largest = float((filled[some] / volumes[some]).max(initial=0.0))
    return VolumeShares(pairs.shape[1], large, largest)


def thinned(candles: CandleBlock, market: Candles, *, most: int) -> PriceHistory:
    """At most `most` candles, each of equally many."""
    starts = np.arange(0, len(candles.open_time), max(1, -(-len(candles.open_time) // most)))
    ends = np.append(starts[1:], len(candles.open_time)) - 1
    scale = 10**market.price_decimals

    def prices(units: "npt.NDArray[Any]") -> list[float]:
        return [int(unit) / scale for unit in units]

    return PriceHistory(
        open_time=candles.open_time[starts].tolist(),
        open=prices(candles.open[starts]),
        high=prices(np.maximum.reduceat(candles.high, starts)),
        low=prices(np.minimum.reduceat(candles.low, starts)),
        close=prices(candles.close[ends]),
    )
