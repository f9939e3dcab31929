"""`candled status|pause|resume|reduce|flatten|cancel-all`: ask a running daemon, and tell it what to do."""

import os
import pwd
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from kernel.errors import CandledError, UsageError
from service.api.answers import Orders, Positions, Status
from service.api.client import Client
from service.api.endpoint import find_endpoint
from service.api.tokens import Scope, read_token, token_file
from service.cli.control_tables import show_done, show_status
from service.cli.options import Common, answer, console

__all__ = ["cancel_all", "flatten", "pause", "reduce", "resume", "status"]

_DEFAULTS = Common()


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Daemon:
    """Which daemon, and with what right."""

    stream: Annotated[str | None, Parameter(help="The daemon's stream, where several are here.")] = None
    token_file: Annotated[
        Path | None, Parameter(help="Where the token is, if not in the stream's directory.", show_default=False)
    ] = field(default=None)

    def client(self, common: Common, scope: Scope) -> Client:
        """A client with a token for `scope`. Errors: UsageError; ConfigError where the token cannot be read."""
        directory, endpoint = find_endpoint(common.data_dir, self.stream)
        named = self.token_file or os.environ.get(f"CANDLED_API__{scope.upper()}_TOKEN_FILE")
        return Client(endpoint.api, read_token(Path(named) if named else token_file(directory, scope), scope))


_THE_ONE = Daemon()

Strategy = Annotated[str, Parameter(help="Only this strategy; else all.", show_default=False)]
Key = Annotated[
    str | None,
    Parameter(help="An idempotency key: the same command under the same key is done once.", show_default=False),
]


def status(*, daemon: Daemon = _THE_ONE, common: Common = _DEFAULTS) -> None:
    """How a running daemon stands: is it ready, what does it hold, what may it send.

    candled status
    """
    client = daemon.client(common, "read")
    told = client.get("/status", Status)
    held = client.get("/positions", Positions)
    live = client.get("/orders", Orders)
    result = msgspec.to_builtins(told) | {
        "open_positions": msgspec.to_builtins(held.positions),
        "live_orders": msgspec.to_builtins(live.orders),
    }
    answer(common, result, lambda out: show_status(out, told, held, live))


def pause(*, strategy: Strategy = "", key: Key = None, daemon: Daemon = _THE_ONE, common: Common = _DEFAULTS) -> None:
    """Send nothing from now on. Orders that rest at the venue stay there, stops among them.

    candled pause
    """
    _order(daemon, common, "/pause", {"strategy": strategy}, key)


def resume(*, strategy: Strategy = "", key: Key = None, daemon: Daemon = _THE_ONE, common: Common = _DEFAULTS) -> None:
    """Trade again. Lifts what protections have set, and the quarantine of orders.

    candled resume
    """
    _order(daemon, common, "/resume", {"strategy": strategy}, key)


def reduce(*, strategy: Strategy = "", key: Key = None, daemon: Daemon = _THE_ONE, common: Common = _DEFAULTS) -> None:
    """Take positions back only: entries that rest are canceled, and no new ones are sent.

    candled reduce --strategy ema_cross
    """
    _order(daemon, common, "/reduce", {"strategy": strategy}, key)


def flatten(
    *,
    strategy: Strategy = "",
    yes: Annotated[bool, Parameter(negative="", help="Do not ask.", show_default=False)] = False,
    key: Key = None,
    daemon: Daemon = _THE_ONE,
    common: Common = _DEFAULTS,
) -> None:
    """Cancel every order, close every position at the market, then send nothing until somebody resumes.

    candled flatten --yes
    """
    client = daemon.client(common, "operate")
    if not yes:
        _confirm(client, strategy)
    _order(daemon, common, "/flatten", {"strategy": strategy, "confirm": True}, key)


def cancel_all(
    *,
    strategy: Strategy = "",
    symbol: Annotated[str, Parameter(help="Only in this market; else in all.", show_default=False)] = "",
    key: Key = None,
    daemon: Daemon = _THE_ONE,
    common: Common = _DEFAULTS,
) -> None:
    """Ask the venue to end every live order. Trading goes on: what a strategy wants, it sends again.

    candled cancel-all --symbol BTC/USDT
    """
    _order(daemon, common, "/cancel-all", {"strategy": strategy, "symbol": symbol}, key)


def _order(daemon: Daemon, common: Common, path: str, body: Mapping[str, Any], key: str | None) -> None:
    client = daemon.client(common, "operate")
    result = client.post(path, {**body, "actor": _who()}, key=key or secrets.token_hex(16))
    answer(common, result, lambda out: show_done(out, path.removeprefix("/"), result))


def _confirm(client: Client, strategy: str) -> None:
    """Ask whoever sits there. Errors: UsageError where nobody does; CandledError where the answer is no."""
    if not sys.stdin.isatty():
        raise UsageError("this closes positions at the market, and there is nobody to ask", fix="add --yes")
    told = client.get("/status", Status)
    whose = f" of {strategy}" if strategy else ""
    out = console()
    out.print(
        f"stream {told.stream}: {told.orders} live orders, {told.positions} positions; everything{whose} is closed"
    )
    if out.input("close at the market? \\[y/N] ").strip().lower() not in ("y", "yes"):
        raise CandledError("nothing was done")


def _who() -> str:
    """The user, for the log."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    return "".join(letter for letter in name if " " <= letter <= "~")[:64]
