"""A daemon with all its parts, as tasks of one group: from recovery, past the open doors, to the end."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from importlib.metadata import version
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from service.alerts.alerts import Alerts
from service.api.endpoint import ENDPOINT_FILE, Endpoint, write_endpoint
from service.api.server import api
from service.daemon.clock import market_clock
from service.daemon.crash import crash_at
from service.daemon.daemon import Daemon
from service.daemon.engine import Engine
from service.daemon.explaining import Explainer
from service.daemon.failure import gravest
from service.daemon.health import Health
from service.daemon.market import market_of, play
from service.daemon.notify import Notifier
from service.daemon.plan import Plan
from service.daemon.stopping import stop_signals
from service.daemon.timers import compare_clocks, keep_snapshots, reconcile, show_gauges, watch_database, watch_feed
from service.database.connect import Database
from service.log.anchor import AnchorKeeper
from service.log.postgres import PostgresLogStore
from service.log.postgres_writer import PostgresLogWriter
from service.log.snapshots import SnapshotStore
from service.logs.setup import on_loop_error
from service.metrics.runtime import RuntimeMetrics, watch_loop
from service.metrics.server import metrics_server
from service.result import Result

__all__ = ["Service"]

_log = structlog.get_logger()


class Service:
    """A daemon and its parts."""

    def __init__(
        self,
        plan: Plan,
        server: Database,
        store: PostgresLogStore,
        writer: PostgresLogWriter,
        alerts: Alerts | None,
        *,
        hide: Callable[[str], None],
        unread: Callable[[], int],
        environ: Mapping[str, str],
    ) -> None:
        crash = crash_at(environ)
        writer.before_commit = lambda: crash("before_commit")
        self.plan = plan
        self.server, self.writer = server, writer
        self.registry = CollectorRegistry()
        self.metrics = RuntimeMetrics(self.registry, data_dir=plan.data_dir)
        self.metrics.log_lines_dropped.read = unread
        self.metrics.build_info(version("candled"), plan.definition.kernel_code)
        self.health = Health(self._heard)
        self.alerts, self.hide = alerts, hide
        if alerts is not None:
            self.metrics.alerts_sent.read = lambda: alerts.sent
            self.metrics.alerts_lost.read = lambda: alerts.lost
        self.clock = market_clock(plan.prepared.composed.opening.ts, plan.speed)
        self.notifier = Notifier.of(environ)
        self.anchor = AnchorKeeper(plan.place, tell=lambda problem: self.health.say("anchor", problem))
        engine = Engine(
            plan,
            writer,
            SnapshotStore(server),
            health=self.health,
            metrics=self.metrics,
            now_ns=self.clock.now_ns if plan.speed else lambda: 0,
            crash=crash,
        )
        engine.journal.listeners.append(lambda _, __: self.anchor.move(engine.journal.head))
        if alerts is not None:
            engine.journal.listeners.append(alerts.committed)
        self.registry.register(engine.figures)
        self.metrics.epoch.set(writer.epoch)
        self.metrics.restarts.set(writer.epoch - 1)
        self.engine = engine
        self.daemon = Daemon(engine, store, self.health, epoch=writer.epoch)

    async def live(self, progress: Callable[[int], Any]) -> Result | None:
        """From recovery to the end. Errors: the gravest of what parts failed with."""
        asyncio.get_running_loop().set_exception_handler(on_loop_error)
        try:
            async with asyncio.TaskGroup() as group:
                parts: list[asyncio.Task[Any]] = []

                def start(name: str, part: Coroutine[Any, Any, Any]) -> None:
                    parts.append(group.create_task(part, name=name))

                try:
                    with stop_signals() as asked:
                        start("log writer", self.engine.journal.write())
                        start("start", self._say_starting())
                        await self.daemon.begin()
                        start("kernel loop", self.engine.trader.run())
                        return await self._run(start, asked, progress)
                finally:
                    for part in parts:
                        part.cancel()
        except BaseExceptionGroup as failed:
            error = gravest(failed)
            await self._say_farewell(f"ended: {error}")
            raise error from None

    async def _run(
        self,
        start: Callable[[str, Coroutine[Any, Any, Any]], None],
        asked: "asyncio.Future[str]",
        progress: Callable[[int], Any],
    ) -> Result | None:
        """Recovered: open the doors, let the market in, and wait for the end."""
        start("anchor", self.anchor.run())
        start("gauges", show_gauges(self.daemon, self.clock, self.metrics))
        if self.alerts is not None:
            start("alerts", self.alerts.run())
        start("loop watch", watch_loop(self.metrics))
        start("lease", self.writer.watch())
        start("database", watch_database(self.daemon, self.writer))
        start("clocks", compare_clocks(self.server, self.metrics))
        start("reconciler", reconcile(self.daemon))
        start("snapshots", keep_snapshots(self.daemon))
        start("watchdog", self.notifier.keep_watchdog(lambda: self.daemon.alive))
        async with AsyncExitStack() as doors:
            scraped = await doors.enter_async_context(
                metrics_server(self.registry, self.plan.config.metrics.listen, self.health.say)
            )
            address = await doors.enter_async_context(
                api(
                    self.daemon,
                    self.plan.config.api,
                    self.plan.place,
                    explain=Explainer(self.plan, self.server),
                    speed=f"{self.plan.speed:g}" if self.plan.speed else "max",
                    hide=self.hide,
                )
            )
            endpoint = Endpoint(os.getpid(), address, scraped, self.plan.stream, self.plan.run)
            write_endpoint(self.plan.place, endpoint)
            self._let_in(start, progress)
            self.health.say("daemon")
            self.notifier.ready(f"{self.plan.stream}, epoch {self.daemon.epoch}")
            _log.info("ready", api=address, metrics=scraped, epoch=self.daemon.epoch, run=self.plan.run[:12])
            reason = await self._until_the_end(asked)
            self.health.say("daemon", "stopping")
            self.notifier.stopping(reason)
            await self.daemon.end(reason)
            (self.plan.place / ENDPOINT_FILE).unlink(missing_ok=True)
        await self._say_farewell(f"stopped: {reason}")
        _log.info("stopped", reason=reason, head=self.daemon.head.seq)
        return await self.daemon.result() if self.engine.trader.ended.is_set() else None

    async def _say_starting(self) -> None:
        """Recovery takes as long as it takes: keep the service manager patient until it is over."""
        while "daemon" in self.health.problems:
            self.notifier.starting(f"recovering {self.plan.stream}", within_s=120.0)
            await asyncio.sleep(30.0)

    def _heard(self, part: str, problem: str) -> None:
        """A part's problem, in every place where somebody may look."""
        self.metrics.heard(part, problem)
        if part == "daemon":  # that it starts and stops is said elsewhere
            return
        if problem:
            _log.warning("problem", part=part, problem=problem)
        else:
            _log.info("well again", part=part)
        if self.alerts is not None:
            self.alerts.heard(part, problem)

    async def _say_farewell(self, text: str) -> None:
        if self.alerts is not None:
            self.alerts.say(text)
            await self.alerts.drain()

    def _let_in(self, start: Callable[[str, Coroutine[Any, Any, Any]], None], progress: Callable[[int], Any]) -> None:
        """Start the feed, where its market has not ended."""
        if not self.engine.kernel.state.ended_market:
            feed, rules = market_of(self.plan, self.engine.kernel, self.clock)
            progress(self.engine.kernel.state.ordinal)
            start("feed", play(feed, rules, self.engine.trader, progress))
            if self.plan.speed is not None:  # else there is no silence
                start("feed watchdog", watch_feed(self.daemon, self.clock, feed, rules))

    async def _until_the_end(self, asked: "asyncio.Future[str]") -> str:
        """Wait for a signal, or for the market's end where that ends the daemon; gives why."""
        if not self.plan.exit_at_end:
            return await asked
        ended = asyncio.create_task(self.engine.trader.ended.wait())
        either: set[asyncio.Future[Any]] = {asked, ended}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
        return asked.result() if asked.done() else "the market ended"
