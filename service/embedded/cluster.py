"""One PostgreSQL cluster: made, started, stopped. No shortcut in durability, no TCP, a password for everyone."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from kernel.errors import DatabaseUnavailable
from service.durable import flush
from service.embedded.binaries import Binaries
from service.embedded.home import Home
from service.embedded.privileges import die_with_parent

__all__ = ["Server", "create", "is_ready", "start", "stop", "why_it_failed"]

Server = subprocess.Popen[bytes]

ENVIRONMENT: Final = {"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"}
ADMIN: Final = "candled_admin"
STOP_S: Final = 20.0  # a fast stop writes one checkpoint: 0.02 s when idle, seconds on a slow disk

SETTINGS: Final = {
    "cluster_name": "candled",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # a statement may hold a secret: the log tells what failed, never its text
    "logging_collector": "off",
}

INITDB: Final = (
    f"--username={ADMIN}",
    "--auth-local=scram-sha-256",
    "--auth-host=reject",
    "--data-checksums",
    "--encoding=UTF8",
    "--no-instructions",
)
# Bytewise order in UTF-8. From 17 on by the provider that is built in, which no update of libc can change, and with one
# flush at the end: flushing a thousand files one by one took 4 s instead of 1 on a busy disk.
LOCALE: Final = ("--locale=C.UTF-8",)
LOCALE_SINCE_17: Final = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--sync-method=syncfs")


def create(binaries: Binaries, home: Home, *, lock: int) -> None:
    """Make the cluster and its passwords. It appears whole or not at all, and holds `lock` while it is made.

    Errors: DatabaseUnavailable.
    """
    home.make_passwords()
    shutil.rmtree(home.unfinished_data, ignore_errors=True)
    locale = LOCALE_SINCE_17 if binaries.major >= 17 else LOCALE
    made = subprocess.run(
        [
            binaries.initdb,
            f"--pgdata={home.unfinished_data}",
            f"--pwfile={home.password_file(ADMIN)}",
            *INITDB,
            *locale,
        ],
        env=ENVIRONMENT,
        pass_fds=(lock,),
        preexec_fn=die_with_parent(os.getpid(), signal.SIGTERM),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise why_it_failed("the database could not be made", made.stderr, home)
    home.unfinished_data.rename(home.data)
    flush(home.path)


def start(binaries: Binaries, home: Home, sockets: Path, *, lock: int) -> Server:
    """Start the server and return at once; `is_ready` tells when it accepts connections.

    `lock` is inherited by every process of the server. The caller holds it, which proves that no other server is left
    in this directory: so a pid file that is there is a dead one's, even if its number lives again in another process.
    (PostgreSQL itself would refuse to start then. Its other guard remains: shared memory that is still in use.)
    """
    (home.data / "postmaster.pid").unlink(missing_ok=True)
    settings = SETTINGS | {"unix_socket_directories": str(sockets)}
    with home.server_log.open("ab") as log:
        return subprocess.Popen(
            [binaries.postgres, "-D", home.data, *(f"--{name}={value}" for name, value in settings.items())],
            env=ENVIRONMENT,
            pass_fds=(lock,),
            preexec_fn=die_with_parent(os.getpid(), signal.SIGINT),  # noqa: PLW1509 - the keeper has one thread
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def is_ready(home: Home, pid: int) -> bool:
    """Whether the server `pid` accepts connections. A killed server's file says `ready` too, under its own pid."""
    try:
        lines = (home.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and int(lines[0]) == pid and lines[7].strip() == "ready"


def stop(server: Server) -> None:
    """End the server: cleanly, else at once (it recovers at its next start), else by force."""
    for signal_number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        server.send_signal(signal_number)
        deadline_s = time.monotonic() + STOP_S
        while server.poll() is None and time.monotonic() < deadline_s:
            time.sleep(0.002)  # Popen.wait() looks again after up to 0.05 s, as long as the whole stop takes
        if server.returncode is not None:
            return


def why_it_failed(what: str, told: str, home: Home) -> DatabaseUnavailable:
    """The error for what PostgreSQL told on its way out, with the fix for the causes that are known."""
    lines = told.strip().splitlines() or ["it said nothing"]
    decisive = [line for line in lines if "FATAL:" in line or "PANIC:" in line or "error:" in line]
    why = re.sub(r"^.*(FATAL|PANIC|error): *", "", " ".join(decisive[:1] or lines))
    if "No space left" in told:
        fix = f"free some space on the disk that holds {home.path}"
    elif "Permission denied" in told or "wrong ownership" in told or "invalid permissions" in told:
        fix = f"give {home.path} back to one user, who alone may enter {home.data}"
    else:
        fix = f"read {home.server_log}, or name a server with --database-url"
    return DatabaseUnavailable(f"{what}: {why}", fix=fix)
