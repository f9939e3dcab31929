"""The keeper: a detached process that owns the server of one data directory for as long as it has users.

- It has one thread, the main one, which starts the server: the system sends the server SIGINT, a clean stop, when that
  thread ends, by kill -9 too.
- A server that ends by itself is started again, as soon as no process of it is left. One that does not get as far as
  accepting connections is given up, and those who wait are told why.
- client.py starts it as `python -m service.embedded.keeper HOME BINARIES MAJOR USER_FD`, with the keeper's lock held,
  the first user's connection as USER_FD, and keeper.log as standard output and error.
"""

import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kernel.errors import DatabaseUnavailable
from service.embedded import cluster
from service.embedded.binaries import Binaries
from service.embedded.home import Home, bound
from service.embedded.lock import wait_lock
from service.embedded.privileges import settle
from service.embedded.sockets import KEEPER, make_sockets, remove_sockets
from service.embedded.users import Users

__all__ = ["Keeper", "main"]

log = logging.getLogger("keeper")

LOOK_S: Final = 0.002  # between looks whether the server is ready, which takes it 0.02 s
REST_S: Final = 60.0  # between looks at the size of the logs
LEFTOVERS_S: Final = 30.0  # for the processes of a killed server to notice, in the midst of a query too


class Keeper:
    """Runs one server for its users."""

    def __init__(self, home: Home, binaries: Binaries, users: Users, selector: selectors.BaseSelector) -> None:
        self._home = home
        self._binaries = binaries
        self._users = users
        self._selector = selector
        self._told_to_stop = False
        self._ready = False
        self._log_bytes = 0

    def run(self) -> None:
        """Start the server, and stop it after the last user's end or at SIGTERM. Errors: DatabaseUnavailable."""
        sockets = make_sockets(self._home)
        try:
            self._users.open_door(sockets / KEEPER)
            self._heed_signals()
            server = self._keep(sockets)
            self._users.close_door()
            log.info("stopping server %d: %s", server.pid, "told to" if self._told_to_stop else "no user is left")
            cluster.stop(server)
        finally:
            remove_sockets(self._home)

    def _keep(self, sockets: Path) -> cluster.Server:
        """Keep a server running for as long as it is wanted; the one that runs at the end."""
        server = self._start(sockets)
        started_at_s = time.monotonic()
        while self._users and not self._told_to_stop:
            if server.poll() is not None:
                self._give_up_unless_ready()
                log.warning("server %d ended with %d: starting another", server.pid, server.returncode)
                server = self._start(sockets)
                started_at_s = time.monotonic()
            elif not self._ready and cluster.is_ready(self._home, server.pid):
                self._ready = True
                log.info("server %d ready in %.3f s", server.pid, time.monotonic() - started_at_s)
            if self._ready:
                self._users.greet()
            heard = self._selector.select(REST_S if self._ready else LOOK_S)
            for key, _ in heard:
                key.data()
            if self._ready and not heard:
                bound(self._home.keeper_log)
                bound(self._home.server_log)
        return server

    def _start(self, sockets: Path) -> cluster.Server:
        self._ready = False
        lock = wait_lock(self._home.server_lock, timeout_s=LEFTOVERS_S)
        try:
            if self._home.major() is None:
                cluster.create(self._binaries, self._home, lock=lock)
                log.info("made a cluster of PostgreSQL %d", self._binaries.major)
            bound(self._home.server_log)
            self._log_bytes = self._home.server_log.stat().st_size if self._home.server_log.exists() else 0
            return cluster.start(self._binaries, self._home, sockets, lock=lock)
        finally:
            os.close(lock)  # from here on it is held by the server's processes alone

    def _give_up_unless_ready(self) -> None:
        if not self._ready:
            with self._home.server_log.open(errors="replace") as file:
                file.seek(self._log_bytes)
                raise cluster.why_it_failed("the database did not start", file.read(), self._home)

    def _heed_signals(self) -> None:
        """Read signals (SIGCHLD is the server's end) like a user's connection, whatever our starter had blocked."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)

        def heed() -> None:
            if {signal.SIGTERM, signal.SIGINT}.intersection(os.read(reader, 64)):
                self._told_to_stop = True

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(writer)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self._selector.register(reader, selectors.EVENT_READ, heed)


def main(arguments: Sequence[str]) -> None:
    """Detach, and keep the server of HOME. What goes wrong is told to the users, and to the log."""
    path, directory, major, user_fd = arguments
    if os.fork() > 0:
        os._exit(0)  # whom our starter waits for; we are nobody's child
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s keeper %(process)d: %(message)s")
    home, binaries = Home(Path(path)), Binaries(Path(directory), int(major))
    try:
        with selectors.DefaultSelector() as selector, Users(socket.socket(fileno=int(user_fd)), selector) as users:
            log.info("begins as %s", settle(home.path, binaries.directory))
            Keeper(home, binaries, users, selector).run()
    except DatabaseUnavailable as error:
        log.error("ends: %s", error)  # noqa: TRY400 - a known cause needs no traceback
        sys.exit(1)
    except Exception:
        log.exception("ends")
        sys.exit(1)
    log.info("ends")


if __name__ == "__main__":
    main(sys.argv[1:])
