"""A recorded market through the daemon's own parts, in this process, to its end: it is to decide as a backtest.

Feed, candle rules, kernel loop and journal are the daemon's; what looks on from outside (API, metrics, timers) is left
away, and the log may be in any home.
"""

import asyncio
from time import perf_counter

from prometheus_client import CollectorRegistry

from service.daemon.clock import market_clock
from service.daemon.engine import Engine
from service.daemon.failure import gravest
from service.daemon.health import Health
from service.daemon.market import market_of, play
from service.daemon.plan import Plan
from service.log.digest import decisions_digest
from service.log.store import LogStore
from service.metrics.runtime import RuntimeMetrics
from service.result import Name, Result, result_of

__all__ = ["played"]


async def played(plan: Plan, store: LogStore, *, metrics: RuntimeMetrics | None = None) -> Result:
    """Play a plan to the market's end at its speed, from where its stream ends. Errors: those of the parts."""
    started, writer = perf_counter(), await store.open(plan.stream)
    try:
        clock = market_clock(plan.prepared.composed.opening.ts, plan.speed)
        metrics = metrics or RuntimeMetrics(CollectorRegistry())
        engine = Engine(plan, writer, None, health=Health(), metrics=metrics, now_ns=lambda: 0)
        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(engine.journal.write())]
            await engine.recover(store)
            if not engine.kernel.state.ended_market:
                feed, rules = market_of(plan, engine.kernel, clock)
                parts.append(group.create_task(engine.trader.run()))
                parts.append(group.create_task(play(feed, rules, engine.trader, lambda _: None)))
                await engine.trader.ended.wait()
            for part in parts:
                part.cancel()
        digest = await decisions_digest(store, plan.stream)
        name = Name(plan.run, plan.stream, engine.journal.head, digest)
        return result_of(name, engine.kernel, engine.journal.tally, perf_counter() - started)
    except BaseExceptionGroup as failed:
        raise gravest(failed) from None
    finally:
        await writer.close()
