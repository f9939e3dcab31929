"""Markets that hypothesis draws. An obedient rule finds a wish in a good part of their closes."""

from hypothesis import strategies as st

from kernel.instrument import Instrument
from kernel.messages import MarketMessage
from tests.kernel.given import MINUTE, candles, merged

# Half of the prices come from a few, so that averages cross, returns are zero, and wishes change at every other candle.
prices = st.one_of(st.integers(500_00, 600_00), st.sampled_from([500_01, 500_02, 500_07, 550_01, 550_02]))
walks = st.lists(prices, max_size=60)


@st.composite
def markets(draw, *instruments: Instrument) -> list[MarketMessage]:
    """Candles of one market or several, merged; each has its own start, so that some begin later than others."""
    starts = [draw(st.integers(0, 3)) * MINUTE for _ in instruments]
    return merged(*(candles(draw(walks), of=i, start=s) for i, s in zip(instruments, starts, strict=True)))
