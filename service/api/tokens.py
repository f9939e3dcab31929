"""The two tokens of the API: one to read, one to operate. They are in files, and nowhere else.

A file that others may read is refused, but for one in the directory of systemd's credentials, which systemd guards.
"""

import os
import re
import secrets
from hmac import compare_digest
from pathlib import Path
from typing import Final, Literal, NamedTuple

from kernel.errors import ConfigError
from service.config_types import ApiConfig
from service.durable import replace_durably

__all__ = ["Scope", "Tokens", "read_token", "read_tokens", "token_file"]

Scope = Literal["read", "operate"]

PLAIN: Final = re.compile(rb"[!-~]{32,512}")


class Tokens(NamedTuple):
    """The secrets. The operate token may read, too."""

    read: bytes
    operate: bytes

    def __repr__(self) -> str:
        return "Tokens(...)"

    def scope_of(self, given: bytes) -> Scope | None:
        """What `given` allows, found in the same time whatever it is; None for no token of ours."""
        operates, reads = compare_digest(self.operate, given), compare_digest(self.read, given)
        return "operate" if operates else "read" if reads else None


def token_file(directory: Path, scope: Scope) -> Path:
    """Where a stream keeps a token for which no file is named."""
    return directory / f"{scope}-token"


def read_tokens(config: ApiConfig, directory: Path) -> Tokens:
    """Both, from the files that are named; those that are not named are made in `directory`. Errors: ConfigError."""
    named = {"read": config.read_token_file, "operate": config.operate_token_file}
    found: dict[str, bytes] = {}
    for scope in ("read", "operate"):
        path = Path(named[scope]) if named[scope] else token_file(directory, scope)
        if not named[scope] and not path.exists():
            replace_durably(path, f"{secrets.token_urlsafe(32)}\n".encode(), mode=0o600)
        found[scope] = read_token(path)
    tokens = Tokens(found["read"], found["operate"])
    if compare_digest(tokens.read, tokens.operate):
        what = "the tokens to read and to operate are the same: whoever reads could operate"
        raise ConfigError(what, fix="put another token into one of the two files")
    return tokens


def read_token(path: Path) -> bytes:
    """A token from its file. Errors: ConfigError, which never quotes what is in it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            token = file.read(1024).strip()
    except OSError as error:
        raise ConfigError(
            f"the token in {path} cannot be read: {error.strerror}", fix="name another file, or mend its permissions"
        ) from None
    if mode & 0o077 and not _is_credential(path):
        raise ConfigError(f"{path} holds a secret, and others may read or write it", fix=f"chmod 600 {path}")
    if not PLAIN.fullmatch(token):
        raise ConfigError(
            f"{path} holds no token", fix=f"put 32 or more letters and digits there: openssl rand -hex 32 > {path}"
        )
    return token


def _is_credential(path: Path) -> bool:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(directory) and path.absolute().is_relative_to(Path(directory or "/").absolute())
