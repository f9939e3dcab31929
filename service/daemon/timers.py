"""What the daemon does every so often: reconcile with the venue, keep snapshots, show where it is."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from kernel.errors import DatabaseUnavailable
from kernel.messages import SetTradingState
from kernel.notes import FeedChanged
from kernel.timeframe import NS_PER_SECOND
from service.daemon.candles import CandleRules
from service.daemon.daemon import Daemon
from service.daemon.reconciler import differences, resolve_unknown
from service.daemon.watchdog import FeedWatchdog, watch
from service.database.connect import Database
from service.log.postgres_writer import PostgresLogWriter
from service.metrics.runtime import RuntimeMetrics
from venues.feed import Clock, Feed

__all__ = ["compare_clocks", "keep_snapshots", "reconcile", "show_gauges", "watch_database", "watch_feed"]

RECONCILE_S: Final = 30.0
LOOK_S: Final = 1.0
CLOCKS_S: Final = 60.0


async def reconcile(daemon: Daemon) -> None:
    """Every 30 s, between turns. Where log and venue differ, nothing more is sent until an operator has looked."""
    trader, session = daemon.engine.trader, daemon.engine.session

    async def look() -> None:
        await resolve_unknown(session)
        found = await differences(session)
        if found and "reconciler" not in daemon.health.problems:
            await trader.obey(SetTradingState(0, 0, "halted", "", flatten=False, actor="reconciler"))
        daemon.health.say("reconciler", f"venue and log differ: {'; '.join(found)}" if found else "")

    while True:
        await asyncio.sleep(RECONCILE_S)
        if "database" not in daemon.health.problems:
            await trader.inbox.asked(look)


async def keep_snapshots(daemon: Daemon) -> None:
    """One whenever the log has grown by `snapshot_every` records."""
    every, engine = daemon.plan.config.daemon.snapshot_every, daemon.engine
    while every:
        await asyncio.sleep(LOOK_S)
        if daemon.head.seq - engine.kept_seq >= every and "database" not in daemon.health.problems:
            await engine.trader.inbox.asked(engine.keep)


async def watch_database(daemon: Daemon, writer: PostgresLogWriter) -> None:
    """Say why the database cannot be used, as soon as the writer knows: by its appends, or by its heartbeat."""
    while True:
        await asyncio.sleep(LOOK_S)
        away = writer.unavailable
        if away is not None:
            daemon.health.say("database", f"{away}: no turns until it is back")
        elif not daemon.engine.journal.appending:
            daemon.health.say("database")


async def compare_clocks(server: Database, metrics: RuntimeMetrics) -> None:
    """Every minute: how far this machine's clock is from the database's, half the way there and back deducted."""
    while True:
        try:
            async with server.session() as connection:
                asked = time.time()
                theirs = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
                metrics.clock_offset_s.set((asked + time.time()) / 2 - theirs)
        except DatabaseUnavailable:
            pass  # the part that watches the database says so
        await asyncio.sleep(CLOCKS_S)


async def show_gauges(daemon: Daemon, clock: Clock, metrics: RuntimeMetrics) -> None:
    """Every second, what nobody else sets."""
    paced = daemon.plan.speed is not None
    while True:
        behind_ns = clock.now_ns() - daemon.kernel.state.ts if paced else 0
        metrics.feed_lag_s.set(max(behind_ns, 0) / NS_PER_SECOND)
        metrics.spool_pending.set(daemon.spooled)
        metrics.queue_depth.labels("commands").set(len(daemon.engine.trader.inbox.commands))
        await asyncio.sleep(LOOK_S)


async def watch_feed(daemon: Daemon, clock: Clock, feed: Feed, rules: CandleRules) -> None:
    """Note the markets whose candles stay away, and have the feed ask for them anew."""
    config, blueprint, trader = daemon.plan.config.daemon, daemon.kernel.blueprint, daemon.engine.trader
    lengths = {i.symbol: length for i, length in zip(blueprint.instruments, blueprint.lengths_ns, strict=True)}
    watchdog = FeedWatchdog(lengths, stale_after=config.stale_after, stale_after_s=config.stale_after_s)

    def tell(note: FeedChanged) -> None:
        trader.inbox.ask(lambda: trader.note(note))
        stale = ", ".join(watchdog.stale)
        daemon.health.say("feed", f"no candles come of {stale}" if stale else "")

    def newest() -> Mapping[str, int]:
        """While the database is away nothing is taken from the feed, which is no silence of its own."""
        away = "database" in daemon.health.problems
        return dict.fromkeys(lengths, clock.now_ns()) if away else rules.newest()

    await watch(watchdog, clock, feed, newest, tell)
