"""What the embedded server keeps, all of it below `<data_dir>/postgres/`.

data/            the cluster; data.new/ is one that is being made, thrown away by whoever starts next
run              the sockets: a directory, or a link to one elsewhere (sockets.py)
ROLE.password    0600, one line
keeper.lock      held by whoever starts a keeper, then by that keeper for life
server.lock      held by all processes of the server together: free means that none is left
keeper.log       what the keeper did; server.log is PostgreSQL's own. Both bounded, with one predecessor (.1)
"""

import os
import secrets
import shutil
from pathlib import Path
from typing import Final, Literal, get_args

from service.durable import replace_durably

__all__ = ["Home", "Role", "bound"]

Role = Literal["candled_admin", "candled"]
"""The superuser, and the role that the migrations make for the daemon. Both have a password from the start."""

LOG_BYTES_MAX: Final = 1 << 20


class Home:
    """The paths of one embedded server, and its passwords."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path / "data"
        self.unfinished_data = path / "data.new"
        self.run = path / "run"
        self.keeper_lock = path / "keeper.lock"
        self.server_lock = path / "server.lock"
        self.keeper_log = path / "keeper.log"
        self.server_log = path / "server.log"

    @classmethod
    def below(cls, data_dir: Path) -> "Home":
        """The home below `data_dir`, which need not exist; two spellings of one directory give one home."""
        return cls(data_dir.resolve() / "postgres")

    def password_file(self, role: Role) -> Path:
        """Where the password of `role` is."""
        return self.path / f"{role}.password"

    def major(self) -> int | None:
        """The major version of the PostgreSQL that made the cluster; None when there is none yet."""
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def make_passwords(self) -> None:
        """Give every role its password, once, and durably: a cluster without its passwords is locked for ever."""
        for role in get_args(Role):
            path = self.password_file(role)
            if not path.exists():
                replace_durably(path, f"{secrets.token_urlsafe(24)}\n".encode(), mode=0o600)


def bound(log: Path) -> None:
    """Keep a log small to which others append: beyond the limit it is copied to `LOG.1`, and starts again."""
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)
