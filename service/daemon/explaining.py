"""`explain` for a daemon that runs: its log is read again in a thread of its own, beside the kernel loop."""

import asyncio

from service.compose import compose
from service.daemon.plan import Plan
from service.database.connect import Database
from service.definition import RunDefinition
from service.explain import candle_in_log, choose, explain_log
from service.explanation import Explanation
from service.log.postgres import PostgresLogStore
from service.loop import run

__all__ = ["Explainer"]


class Explainer:
    """Why did it (not) trade? From the durable log alone, by a kernel made anew."""

    def __init__(self, plan: Plan, server: Database) -> None:
        self._plan = plan
        self._server = server

    async def __call__(self, *, at: int, symbol: str, strategy: str) -> Explanation:
        """The candle that opens at `at` (ns, UTC) or last before; "" is the only market or strategy there is.

        Errors: UsageError, NotFound, DatabaseUnavailable.
        """
        definition = self._plan.definition
        own, chosen = choose(definition, strategy or None, symbol or None)
        return await asyncio.to_thread(lambda: run(self._explained(definition, own, chosen, at)))

    async def _explained(self, definition: RunDefinition, strategy: str, symbol: str, at: int) -> Explanation:
        store, stream = PostgresLogStore(self._server), self._plan.stream
        opened = await candle_in_log(store, stream, symbol, at)
        composed = compose(definition, self._plan.data_dir)
        return await explain_log(composed, definition, store, stream, strategy=strategy, symbol=symbol, opened=opened)
