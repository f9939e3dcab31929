"""The feed's part: what comes is judged by the candle rules, and given to the kernel loop, which it waits for."""

from collections.abc import Callable
from typing import Any

from kernel.messages import MarketEnded
from service.daemon.candles import CandleRules
from service.daemon.trader import Trader
from venues.feed import Feed

__all__ = ["play"]


async def play(feed: Feed, rules: CandleRules, trader: Trader, progress: Callable[[int], Any]) -> None:
    """To the market's end, which is told too. `progress` is called with the number of messages of each batch."""
    async for batch in feed.batches():
        await trader.give(await rules.admit(batch))
        progress(len(batch))
    await trader.give([*await rules.finish(), MarketEnded(0, 0)])
