"""`candled run`: take the stream over, and run its daemon until it ends."""

from collections.abc import Callable, Mapping
from typing import Any

from service.alerts.configured import alerts_of
from service.daemon.lease import take_over
from service.daemon.plan import Plan
from service.database.connect import database
from service.log.anchor import check_anchor, read_anchor
from service.log.postgres import PostgresLogStore
from service.logs.secrets import Secrets
from service.result import Result
from service.running import Service

__all__ = ["serve"]


async def serve(
    plan: Plan,
    environ: Mapping[str, str],
    *,
    database_url: str | None,
    secrets: Secrets,
    unread: Callable[[], int],
    progress: Callable[[int], Any],
) -> Result | None:
    """Run until asked to stop, or to the market's end; the result where that came. Errors: those of any part.

    `unread` is how many lines of the program's log nobody took.
    """
    alerts = alerts_of(plan.config.alerts, secrets, name=f"candled {plan.stream}")
    async with database(plan.data_dir, database_url) as server:
        store = PostgresLogStore(server)
        writer = await take_over(server, store, plan.stream)
        try:
            await check_anchor(store, plan.stream, read_anchor(plan.place))
            return await Service(
                plan, server, store, writer, alerts, hide=secrets.add, unread=unread, environ=environ
            ).live(progress)
        finally:
            await writer.close()
