"""Joining the embedded server: connect to its keeper, else become the one who may start a keeper, else look again.

The keeper's lock says who may: taken here, inherited by the keeper, and free again only at its end. So of two that come
at the same instant one starts a keeper and the other finds it.
"""

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from kernel.errors import DatabaseUnavailable
from service.embedded.binaries import find
from service.embedded.greeting import hear
from service.embedded.home import Home, Role, bound
from service.embedded.lock import open_private, try_lock
from service.embedded.sockets import connect_to_keeper, sockets

__all__ = ["EmbeddedServer", "join"]

JOIN_S: Final = 120.0  # 0.6 s the first time, 0.1 s after; replaying the log after a crash may take a minute
LEAVE_S: Final = 30.0
ROOT: Final = Path(__file__).resolve().parents[2]  # what a keeper needs beside the standard library: this very code


class EmbeddedServer:
    """A running PostgreSQL, for as long as this is not closed. Losing it in between means: `join` again (joined.py)."""

    def __init__(self, home: Home, keeper: socket.socket) -> None:
        self._home = home
        self._keeper = keeper
        keeper.setblocking(False)

    def url(self, role: Role, *, database: str = "postgres") -> str:
        """Where `role` connects, for asyncpg; for SQLAlchemy put `+asyncpg` behind `postgresql`. It is a secret."""
        password = quote(self.password(role), safe="")
        return f"postgresql://{role}:{password}@/{database}?host={quote(str(sockets(self._home)), safe='/')}"

    def password(self, role: Role) -> str:
        """The password of `role`, made with the cluster. The role `candled` itself is for the migrations to make."""
        try:
            return self._home.password_file(role).read_text().strip()
        except OSError as error:
            raise DatabaseUnavailable(
                f"the password of {role} cannot be read: {error}",
                fix=f"put the file back as it was made; without it, {self._home.data} cannot be used",
            ) from error

    def is_kept(self) -> bool:
        """Whether the keeper is there still; the server may be recovering from a crash all the same."""
        try:
            return self._keeper.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:  # it has nothing more to say, as long as it lives
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Stop using the server. When nobody else does, it is stopped, and this returns once it has."""
        with self._keeper, suppress(OSError):
            self._keeper.settimeout(LEAVE_S)
            self._keeper.shutdown(socket.SHUT_WR)
            while self._keeper.recv(64):
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def join(data_dir: Path, *, timeout_s: float = JOIN_S) -> EmbeddedServer:
    """Use the server of `data_dir`: the one that runs, else a new one, with a new cluster the first time.

    Blocks for 0.001 s where it runs, 0.1 s where it is started, 0.6 s the first time (a cluster is made and flushed).
    Errors: DatabaseUnavailable, with the fix.
    """
    home = Home.below(data_dir)
    deadline_s = time.monotonic() + timeout_s
    try:
        home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        while (left_s := deadline_s - time.monotonic()) > 0:
            server = _join_running(home, left_s) or _start(home, left_s)
            if server is not None:
                return server
            time.sleep(0.01)  # a keeper is about to open its door, or about to end
    except TimeoutError:
        pass
    except OSError as error:
        raise DatabaseUnavailable(
            f"the database in {home.path} cannot be used: {error}",
            fix="choose a --data-dir that you may write to, on a disk with room, or name a server with --database-url",
        ) from error
    raise DatabaseUnavailable(
        f"the database in {home.path} is not ready after {timeout_s:.0f} s",
        fix=f"see in {home.server_log} what it does; if it recovers from a crash, wait and try again",
    )


def _join_running(home: Home, timeout_s: float) -> EmbeddedServer | None:
    """Use the server that runs; None when there is no keeper, or one that is about to end."""
    keeper = connect_to_keeper(home)
    return None if keeper is None else _greeted(home, keeper, timeout_s)


def _start(home: Home, timeout_s: float) -> EmbeddedServer | None:
    """Start a keeper and use its server; None when somebody else holds the lock."""
    lock = try_lock(home.keeper_lock)
    if lock is None:
        return None
    try:
        keeper = _spawn_keeper(home, lock)
    finally:
        os.close(lock)  # the keeper's alone from here on
    server = _greeted(home, keeper, timeout_s)
    if server is None:
        raise _keeper_failed(home)
    return server


def _greeted(home: Home, keeper: socket.socket, timeout_s: float) -> EmbeddedServer | None:
    """The server, once its keeper says that it is ready; None, and the connection closed, when it says nothing."""
    with ExitStack() as unless_ready:
        unless_ready.enter_context(keeper)
        keeper.settimeout(timeout_s)
        if not hear(keeper):
            return None
        unless_ready.pop_all()
    return EmbeddedServer(home, keeper)


def _spawn_keeper(home: Home, lock: int) -> socket.socket:
    """Start a keeper with us as its first user. It inherits the lock, that connection, a log, and little else."""
    binaries = find(home.major())
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "PYTHONPATH": str(ROOT)}
    environment |= {name: os.environ[name] for name in ("XDG_RUNTIME_DIR", "TMPDIR") if name in os.environ}
    bound(home.keeper_log)
    keeper, first_user = socket.socketpair()
    with (
        first_user,
        os.fdopen(open_private(home.keeper_log, os.O_WRONLY | os.O_APPEND), "ab") as log,
        ExitStack() as failed,
    ):
        failed.enter_context(keeper)
        spawned = subprocess.run(
            [
                *(sys.executable, "-P", "-S", "-m", "service.embedded.keeper"),
                *(home.path, binaries.directory, str(binaries.major), str(first_user.fileno())),
            ],
            env=environment,
            cwd="/",
            pass_fds=(lock, first_user.fileno()),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        )
        if spawned.returncode != 0:
            raise _keeper_failed(home)
        failed.pop_all()
    return keeper


def _keeper_failed(home: Home) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        "the keeper of the embedded database ended before the database was ready", fix=f"read {home.keeper_log}"
    )
