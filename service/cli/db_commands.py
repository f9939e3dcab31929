"""`candled db upgrade|rebuild`: the schema of the database, and the tables made from the log."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from service import loop
from service.cli.options import Common, answer, progress
from service.database.connect import checked_url, database, where
from service.database.projections import rebuild as rebuild_projections
from service.database.upgrade import upgrade as upgrade_schema
from service.embedded.client import join
from service.secret_files import read_secret

__all__ = ["rebuild", "upgrade"]

_DEFAULTS = Common()


def upgrade(
    *,
    admin_url: Annotated[
        str | None,
        Parameter(
            env_var="CANDLED_DATABASE__ADMIN_URL",
            show_env_var=False,
            help="The server as the role that is to own the schema; else the database URL. A secret:"
            " better in CANDLED_DATABASE__ADMIN_URL.",
        ),
    ] = None,
    admin_url_file: Annotated[
        Path | None,
        Parameter(
            env_var="CANDLED_DATABASE__ADMIN_URL_FILE",
            show_env_var=False,
            help="The file, of mode 0600, that holds that URL. Also CANDLED_DATABASE__ADMIN_URL_FILE.",
        ),
    ] = None,
    common: Common = _DEFAULTS,
) -> None:
    """Bring the schema of the database to this version of candled. Of the embedded one, when no URL is given.

    The schema and the append-only role `candled` are made the first time; then let the daemon's role in with
    `GRANT candled TO daemon`.

        CANDLED_DATABASE__ADMIN_URL=postgresql://owner@db.example/trading candled db upgrade
    """
    if admin_url_file is not None and not admin_url:
        admin_url = read_secret(admin_url_file, what="the admin URL")
    url = admin_url or common.database_url
    place, before, after = loop.run(_upgrade(common, url or None))
    result = {"database": place, "before": before, "after": after}
    done = "is at" if before == after else f"went from {before or 'nothing'} to"
    answer(common, result, lambda out: out.print(f"the schema of {place} {done} step {after}", highlight=False))


def rebuild(*, common: Common = _DEFAULTS) -> None:
    """Make the projections of every stream anew from the log. Streams must have no live writer.

    Example: `candled db rebuild`
    """
    with progress("reading the log", None, "records") as advance:
        streams = loop.run(_rebuild(common, advance))
    answer(common, {"streams": streams}, lambda out: out.print(f"streams whose projections were made anew: {streams}"))


async def _upgrade(common: Common, url: str | None) -> tuple[str, str | None, str]:
    if url is not None:
        return where(checked_url(url)), *await upgrade_schema(url)
    with join(common.data_dir) as server:
        return "the embedded database", *await upgrade_schema(server.url("candled_admin"))


async def _rebuild(common: Common, advance: Callable[[int], None]) -> int:
    async with (
        database(common.data_dir, common.database_url or None) as server,
        server.session(answer_s=None) as session,
    ):
        return await rebuild_projections(session, advance)
