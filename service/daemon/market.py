"""The feed's part: what comes is judged by the candle rules, and given to the kernel loop, which it waits for."""

from collections.abc import Callable
from typing import Any

from kernel.kernel import Kernel
from kernel.messages import MarketEnded
from service.daemon.candles import CandleRules
from service.daemon.plan import Plan
from service.daemon.trader import Trader
from venues.dataset import open_dataset
from venues.feed import Feed, MarketClock
from venues.recorded_feed import RecordedFeed

__all__ = ["market_of", "play"]


def market_of(plan: Plan, kernel: Kernel, clock: MarketClock) -> tuple[Feed, CandleRules]:
    """The feed of a plan, from where the kernel is, and the rules that judge it."""
    state, blueprint, feeder = kernel.state, kernel.blueprint, plan.prepared.composed.feeder
    datasets = [open_dataset(plan.data_dir, market.dataset) for market in plan.definition.markets]
    feed = RecordedFeed(feeder, datasets, clock, skip=state.ordinal)
    rules = CandleRules(
        {i.symbol: length for i, length in zip(blueprint.instruments, blueprint.lengths_ns, strict=True)},
        feed,
        known=state.markets,
        first_ns=plan.definition.window.first,
        instants=feeder.instants,
    )
    return feed, rules


async def play(feed: Feed, rules: CandleRules, trader: Trader, progress: Callable[[int], Any]) -> None:
    """To the market's end, which is told too. `progress` is called with the number of messages of each batch."""
    async for batch in feed.batches():
        await trader.inbox.give(await rules.admit(batch))
        progress(len(batch))
    await trader.inbox.give([*await rules.finish(), MarketEnded(0, 0)])
