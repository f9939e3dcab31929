"""The daemon: its parts, started and ended together. With the first part that fails, all end.

A part is a task (serve.py starts them). Recovery comes first: nothing is turned, and nothing is sent, before the log is
whole and the venue says the same.
"""

import asyncio
from importlib.metadata import version
from time import monotonic, perf_counter
from typing import Final

import structlog

from kernel.errors import DatabaseUnavailable
from kernel.kernel import Kernel
from kernel.messages import CancelAllOrders, Command, SetTradingState
from kernel.notes import DaemonStarted, DaemonStopped
from service.daemon.engine import Engine
from service.daemon.handle import Committed, Ordered
from service.daemon.health import Health
from service.daemon.reconciler import check_reconciled
from service.daemon.spool import Spool
from service.log.digest import decisions_digest
from service.log.record import Head
from service.log.store import LogReader
from service.result import Name, Result, result_of

__all__ = ["Daemon"]

FAREWELL_S: Final = 25.0
STUCK_S: Final = 20.0
_KILL = (SetTradingState, CancelAllOrders)

_log = structlog.get_logger()


class Daemon:
    """A running daemon as its other parts see it (see Handle), and its beginning and end."""

    def __init__(self, engine: Engine, reader: LogReader, health: Health, *, epoch: int) -> None:
        self.plan = engine.plan
        self.stream, self.run, self.epoch = engine.plan.stream, engine.plan.run, epoch
        self.definition = engine.plan.definition
        self.kernel: Kernel = engine.kernel
        self.health = health
        self.listeners: list[Committed] = engine.journal.listeners
        self.engine = engine
        self._reader = reader
        self._spool = Spool(engine.plan.place / "spool")
        self.spooled = 0  # commands that are durable in the spool alone
        self._started = perf_counter()
        self._over = False  # the market had ended before: there is nothing to say in the log

    @property
    def head(self) -> Head:
        """See Handle."""
        return self.engine.journal.head

    @property
    def alive(self) -> bool:
        """Whether the kernel loop works, or has a reason not to: what only a restart would mend is that it has none."""
        trader = self.engine.trader
        return not trader.busy or "database" in self.health.problems or monotonic() - trader.progressed < STUCK_S

    async def order(self, command: Command) -> Ordered:
        """See Handle. A command that waits when the database goes away goes into the spool too."""
        if "database" in self.health.problems:
            return await self._spooled(command, self._later(command))
        done = self.engine.trader.inbox.order(command)
        while True:
            finished, _ = await asyncio.wait({done}, timeout=0.5)
            if finished:
                return done.result()
            if "database" in self.health.problems and isinstance(command, _KILL):
                return await self._spooled(command, done)

    async def begin(self) -> None:
        """Recover, reconcile, and say in the log that a daemon took the stream up. Errors: Unreconciled, and others."""
        engine = self.engine
        records = await engine.recover(self._reader)
        took_s = round(perf_counter() - self._started, 3)
        _log.info("recovered", records=records, snapshot=engine.kept_seq, head=self.head.seq, took_s=took_s)
        if not engine.journal.rehearsing:
            await check_reconciled(engine.session)
        if engine.kernel.state.ended_market:
            engine.trader.ended.set()
            self._over = True
            return
        code = engine.plan.definition.kernel_code[:16] + engine.plan.definition.venues_code[:16]
        engine.trader.inbox.ask(lambda: engine.trader.note(DaemonStarted(0, 0, self.epoch, version("candled"), code)))
        for line in self._spool.damaged:
            _log.warning("the spool is damaged", line=line)
        for command in self._spool.pending():
            _log.warning("a command from the spool", command=type(command).__name__, actor=command.actor)
            self._forget_when(self.engine.trader.inbox.order(command), command)

    async def end(self, reason: str) -> None:
        """Take nothing more from the market, do what `on_stop` says, and note the end.

        Errors: DatabaseUnavailable where the end cannot be noted; what is in the log is whole all the same.
        """
        trader = self.engine.trader
        trader.inbox.close()
        if trader.amid or self._over:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def farewell() -> None:
            await self._settle_orders()
            state = self.kernel.state
            await trader.note(DaemonStopped(0, 0, reason, self.plan.config.daemon.on_stop, len(state.orders)))
            await self.engine.journal.all_durable()
            if self.plan.config.daemon.snapshot_every:
                await self.engine.keep()
            done.set_result(None)

        trader.inbox.ask(farewell)
        try:
            await asyncio.wait_for(done, FAREWELL_S)
        except TimeoutError:
            raise DatabaseUnavailable(
                f"the end could not be noted within {FAREWELL_S:.0f} s: {'; '.join(self.health.problems.values())}",
                fix="nothing is lost: what was not durable was not sent; start it again",
            ) from None

    async def result(self) -> Result:
        """What the stream came to; its market has ended."""
        digest = await decisions_digest(self._reader, self.stream)
        name = Name(self.run, self.stream, self.head, digest)
        return result_of(name, self.kernel, self.engine.journal.tally, perf_counter() - self._started)

    async def _settle_orders(self) -> None:
        trader, policy = self.engine.trader, self.plan.config.daemon.on_stop
        if policy == "cancel":
            await trader.obey(CancelAllOrders(0, 0, "", "", "daemon"))
        elif policy == "flatten":
            await trader.obey(SetTradingState(0, 0, "halted", "", flatten=True, actor="daemon"))

    def _later(self, command: Command) -> "asyncio.Future[Ordered]":
        if not isinstance(command, _KILL):
            raise DatabaseUnavailable(
                "the database is away, and only what takes risk back can be kept without it",
                fix="pause, reduce, flatten and cancel-all work; try the others when it is back",
            )
        return self.engine.trader.inbox.order(command)

    async def _spooled(self, command: Command, done: "asyncio.Future[Ordered]") -> Ordered:
        await asyncio.to_thread(self._spool.add, command)
        _log.warning("a command is in the spool", command=type(command).__name__, actor=command.actor)
        self._forget_when(done, command)
        return Ordered(0, "spool")

    def _forget_when(self, done: "asyncio.Future[Ordered]", command: Command) -> None:
        """Once a command is in the log, the spool need not hold it."""

        def forget(turned: "asyncio.Future[Ordered]") -> None:
            self.spooled -= 1
            if not turned.cancelled():
                self._spool.done(command.key)

        self.spooled += 1
        done.add_done_callback(forget)
