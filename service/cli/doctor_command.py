"""`candled doctor`: is this machine fit to run a daemon, and how to mend what is not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kernel.errors import CheckFailed
from service import loop
from service.cli.options import Common, answer
from service.cli.run_commands import Overrides
from service.doctor.examine import examine
from service.doctor.finding import Finding, State

__all__ = ["doctor"]

_DEFAULTS = Common()
_COLORS: Final[dict[State, str]] = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(
    config: Annotated[
        Path | None, Parameter(help="The configuration that a daemon is to run with.", show_default=False)
    ] = None,
    /,
    *,
    set_: Overrides = (),
    common: Common = _DEFAULTS,
) -> None:
    """Check this machine, its database, and a configuration; say how to mend what is not right.

    Exit code 1 when a check fails.

        candled doctor

        candled doctor /etc/candled/candled.toml --json
    """
    found = loop.run(examine(common.data_dir, config, database_url=common.database_url, overrides=set_))
    failed = sum(one.state == "fail" for one in found)
    result = {"ok": not failed, "findings": msgspec.to_builtins(found)}
    answer(common, result, lambda out: _show(out, found))
    if failed:
        raise CheckFailed(f"{failed} of {len(found)} checks failed", fix="what the lines above say")


def _show(out: Console, found: Sequence[Finding]) -> None:
    """A line a finding; beneath those that are not fine, how to mend them."""
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(overflow="fold")
    for one in found:
        table.add_row(f"[{_COLORS[one.state]}]{one.state}[/]", one.check, escape(one.said))
        if one.mend:
            table.add_row("", "", f"[dim]{escape(one.mend)}[/]")
    out.print(table)
