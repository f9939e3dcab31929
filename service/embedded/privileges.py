"""Who the server runs as. PostgreSQL refuses user 0, and a user that is not in the password file.

The rule: the server runs as the owner of its directory, and no permission outside it is ever changed.
- An ordinary user's keeper stays as it is. Root's keeper, in another user's directory, becomes that user.
- Otherwise it enters a user namespace, where it has an unprivileged name while outside, to the file system, it stays
  who it was: so a directory below root's own 0700 one works.
- Where namespaces are refused, root's keeper gives its still empty directory to `nobody` and becomes nobody, if nobody
  can reach it.
"""

import ctypes
import os
import pwd
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from kernel.errors import DatabaseUnavailable

__all__ = ["die_with_parent", "enter_namespace", "settle"]

CLONE_NEWUSER: Final = 0x10000000
PR_SET_PDEATHSIG: Final = 1
LIBC: Final = ctypes.CDLL(None, use_errno=True)  # os.unshare is there from Python 3.12 on only


def settle(home: Path, binaries: Path) -> str:
    """Make this process one that PostgreSQL accepts and that can work below `home`; tell how, for the log.

    Call it in a process that has one thread and exists for the server. Errors: DatabaseUnavailable.
    """
    owner = home.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        _become(owner.st_uid, owner.st_gid)
    if _accepted(os.geteuid()):
        _demand_reach(home, binaries)
        return f"user {os.geteuid()}"
    if _namespace_is_of_use(home, binaries):
        enter_namespace()
        return f"user {os.geteuid()} of a user namespace, which is user {owner.st_uid} outside"
    if os.geteuid() != 0:
        raise DatabaseUnavailable(
            f"PostgreSQL refuses user {os.geteuid()}, who is not in /etc/passwd, and user namespaces are refused",
            fix="give the user an entry in /etc/passwd, or name a server with --database-url",
        )
    _give_to_nobody(home, binaries)
    return "nobody, since user namespaces are refused"


def enter_namespace() -> None:
    """Enter a user namespace in which we are an unprivileged user, and outside of which we stay who we are.

    Errors: OSError where the system refuses.
    """
    uid, gid = os.geteuid(), os.getegid()
    inside_uid, inside_gid = _nobody()
    if LIBC.unshare(CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"unshare: {os.strerror(number)}")
    Path("/proc/self/setgroups").write_text("deny")  # without this an ordinary user may not write gid_map
    Path("/proc/self/uid_map").write_text(f"{inside_uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{inside_gid} {gid} 1")


def die_with_parent(parent: int, signal_number: signal.Signals) -> Callable[[], None]:
    """What a child calls between fork and exec to be sent `signal_number` when `parent`, its parent, ends.

    The kernel sends it when the *thread* that forked ends: start such a child from the main thread. A change of
    credentials, such as entering a namespace, forgets the wish: it comes last.
    """

    def ask() -> None:
        if LIBC.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0 or os.getppid() != parent:
            os._exit(1)

    return ask


def _accepted(uid: int) -> bool:
    """Whether initdb and the server will run as `uid`."""
    try:
        return uid != 0 and pwd.getpwuid(uid) is not None
    except KeyError:
        return False


def _nobody() -> tuple[int, int]:
    """The user and group id of nobody, or of any other ordinary user where there is no nobody."""
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        ordinary = [user for user in pwd.getpwall() if user.pw_uid != 0]
        if not ordinary:
            raise DatabaseUnavailable(
                "PostgreSQL needs an ordinary user, and /etc/passwd has none",
                fix="make one, such as `useradd candled`, or name a server with --database-url",
            ) from None
        user = ordinary[0]
    return user.pw_uid, user.pw_gid


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _namespace_is_of_use(home: Path, binaries: Path) -> bool:
    """Try one in a child, since there is no way back out."""
    child = os.fork()
    if child == 0:
        try:
            enter_namespace()
            _demand_reach(home, binaries)
        except (OSError, DatabaseUnavailable):
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _demand_reach(home: Path, binaries: Path) -> None:
    """Refuse to go on as a user who cannot work in `home` or run what is in `binaries`."""
    for path, mode in ((home, os.R_OK | os.W_OK | os.X_OK), (binaries / "postgres", os.X_OK)):
        if not os.access(path, mode):
            raise _out_of_reach(path, f"user {os.geteuid()}")


def _give_to_nobody(home: Path, binaries: Path) -> None:
    for path in (home.parent, binaries):
        closed = [step for step in (path, *path.parents) if not step.stat().st_mode & 0o001]
        if closed:
            raise _out_of_reach(path, f"nobody (the door that is closed is {closed[0]})")
    if (home / "data").exists():
        raise DatabaseUnavailable(
            f"PostgreSQL does not run as root, user namespaces are refused, and {home} belongs to root",
            fix=f"`chown -R nobody {home}`, or allow user namespaces, or name a server with --database-url",
        )
    uid, gid = _nobody()
    for path in (home, *home.iterdir()):  # root made it a moment ago, 0700: nobody else can have put anything there
        os.chown(path, uid, gid, follow_symlinks=False)
    _become(uid, gid)


def _out_of_reach(path: Path, who: str) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"the database would run as {who}, who cannot reach {path}",
        fix="run candled as an ordinary user, or choose a --data-dir that all may enter, such as /var/lib/candled, "
        "or name a server with --database-url",
    )
