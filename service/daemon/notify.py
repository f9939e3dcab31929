"""What a service manager is told of the daemon: ready, how it is, that it lives (sd_notify, without a library).

Without a manager every word goes nowhere. A manager that does not listen is no reason to stop trading: a word that
cannot be delivered is lost, which `tell` says, and the manager's own time-outs do the rest.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from typing import Final, Self

from kernel.errors import UsageError

__all__ = ["Notifier"]

PING_S: Final = 10.0  # where nobody says how often
PINGS_A_TIMEOUT: Final = 3  # so that two may be late before the manager acts
STATUS_CHARACTERS_MAX: Final = 400
SEND_S: Final = 1.0


class Notifier:
    """The way to the service manager that started this process. `watchdog_s` is its patience; None: it has no watchdog.

    Errors: UsageError for an address that is no unix socket.
    """

    def __init__(self, address: str = "", *, watchdog_s: float | None = None) -> None:
        if address and address[0] not in "/@":
            what = f"NOTIFY_SOCKET={address} is neither a path nor an abstract socket"
            raise UsageError(what, fix="run candled under systemd as Type=notify, or unset NOTIFY_SOCKET")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_s = watchdog_s

    @classmethod
    def of(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The manager that the environment names: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID."""
        wait_us, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
        watched = wait_us.isdecimal() and int(wait_us) > 0 and pid in {"", str(os.getpid())}
        return cls(environ.get("NOTIFY_SOCKET", ""), watchdog_s=int(wait_us) / 1e6 if watched else None)

    def tell(self, *words: str) -> bool:
        """Send assignments such as `READY=1`, together. Whether a manager has taken them."""
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.settimeout(SEND_S)
                out.sendto("\n".join(words).encode(), self._address)
        except OSError:
            return False
        return True

    def starting(self, status: str, *, within_s: float) -> None:
        """Not ready yet, but it goes on: give it `within_s` from now. Say it again before that time is over."""
        self.tell(f"EXTEND_TIMEOUT_USEC={int(within_s * 1e6)}", _status(status))

    def ready(self, status: str) -> None:
        """From now on the daemon does its work, and the watchdog waits for pings."""
        self.tell("READY=1", _status(status))

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self.tell(_status(status))

    def stopping(self, status: str) -> None:
        """The end has begun."""
        self.tell("STOPPING=1", _status(status))

    async def keep_watchdog(self, healthy: Callable[[], bool]) -> None:
        """Ping until canceled, as long as `healthy` says so. A loop that hangs pings no more, whatever `healthy` says.

        `healthy` is for what only a restart mends; a database that is away is none of that.
        """
        period_s = PING_S if self.watchdog_s is None else self.watchdog_s / PINGS_A_TIMEOUT
        while True:
            if healthy():
                self.tell("WATCHDOG=1")
            await asyncio.sleep(period_s)


def _status(text: str) -> str:
    """A status assignment: one line, whatever the text holds, since each further line would be a word of its own."""
    return f"STATUS={' '.join(text.split())[:STATUS_CHARACTERS_MAX]}"
