"""Markets that hypothesis draws, with gaps, wicks and holes, and the finer candles inside them.

A row of a market is one number, so that what fails shrinks to little: the jump to the open, the move to the close, both
wicks, the volume.
"""

from collections.abc import Sequence
from itertools import groupby
from math import prod

from hypothesis import strategies as st

from kernel.instrument import Instrument
from kernel.messages import CandleClosed, WarmupCandle
from kernel.timeframe import DAY_NS
from tests.kernel.given import BTC, ETH, MINUTE, instrument

SOL = instrument("SOL/USDT")
MARKETS = (BTC, ETH, SOL)
START = DAY_NS - 25 * MINUTE  # a day begins in the middle of most markets

_COLUMNS = (
    (0, 0, 0, 0, 1, -1, 40, -40, 300, -300, 700, -700),  # the jump
    (0, 1, -1, 10, -10, 40, -40, 100, -100, 200, -200, 300, -300, 700, -700, 2500, -2500),  # the move
    (0, 0, 5, 60, 400),  # the wick above
    (0, 0, 5, 60, 400),  # the wick below
    (0, 1, 300, 2_000, 50_000),  # the volume
)


def _row(code: int) -> tuple[int, ...]:
    """One number for a whole row: to draw it once takes a fifth of the time."""
    row = []
    for column in _COLUMNS:
        code, place = divmod(code, len(column))
        row.append(column[place])
    return tuple(row)


rows = st.integers(0, prod(map(len, _COLUMNS)) - 1).map(_row)
walks = st.lists(rows, min_size=20, max_size=60)


def candles_of(drawn, of: Instrument, *, length_ns=MINUTE, start=START, absent=frozenset(), history=0):
    """The candles of drawn rows; some may be absent, and those that open before `history` (ns) are history."""
    made, close = [], 500_00
    for place, (jump, move, up, down, volume) in enumerate(drawn):
        first = max(close + jump, 100)
        close, opened = max(first + move, 100), start + place * length_ns
        high, low = max(first, close) + up, max(min(first, close) - down, 1)
        if place not in absent:
            kind = WarmupCandle if opened < history else CandleClosed
            made.append(kind(opened + length_ns, of.symbol, opened, first, high, low, close, volume))
    return made


class Inside:
    """The finer candles of one market, as a venue asks for them."""

    def __init__(self, symbol: str, fine: Sequence[CandleClosed]) -> None:
        self._symbol, self._fine = symbol, fine

    def inside(self, symbol: str, open_time: int, close_ts: int):
        found = (c for c in self._fine if symbol == self._symbol and open_time <= c.open_time < close_ts)
        return [(c.open_time, c.open, c.high, c.low, c.close, c.volume) for c in found]


def made_of(fine: Sequence[CandleClosed], length_ns=MINUTE) -> list[CandleClosed]:
    """The longer candles that finer ones make up."""
    made = []
    for opened, within in groupby(fine, key=lambda candle: candle.open_time - candle.open_time % length_ns):
        parts = list(within)
        high, low = max(c.high for c in parts), min(c.low for c in parts)
        volume = sum(c.volume for c in parts)
        first, close = parts[0], parts[-1].close
        made.append(CandleClosed(opened + length_ns, first.symbol, opened, first.open, high, low, close, volume))
    return made
