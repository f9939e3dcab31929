"""The two tokens of the API: one to read, one to operate. They are in files, and nowhere else."""

import re
import secrets
from hmac import compare_digest
from pathlib import Path
from typing import Final, Literal, NamedTuple

from kernel.errors import ConfigError
from service.config_types import ApiConfig
from service.durable import replace_durably
from service.secret_files import read_secret

__all__ = ["Scope", "Tokens", "read_token", "read_tokens", "token_file"]

Scope = Literal["read", "operate"]

PLAIN: Final = re.compile(r"[!-~]{32,512}")


class Tokens(NamedTuple):
    """The secrets. The operate token may read, too."""

    read: str
    operate: str

    def __repr__(self) -> str:
        return "Tokens(...)"

    def scope_of(self, given: str) -> Scope | None:
        """What `given` allows, found in the same time whatever it is; None for no token of ours."""
        token = given.encode("utf-8", "surrogateescape")
        operates = compare_digest(self.operate.encode(), token)
        reads = compare_digest(self.read.encode(), token)
        return "operate" if operates else "read" if reads else None


def token_file(directory: Path, scope: Scope) -> Path:
    """Where a stream keeps a token for which no file is named."""
    return directory / f"{scope}-token"


def read_tokens(config: ApiConfig, directory: Path) -> Tokens:
    """Both, from the files that are named; those that are not named are made in `directory`. Errors: ConfigError."""
    read = _token(config.read_token_file, directory, "read")
    operate = _token(config.operate_token_file, directory, "operate")
    if compare_digest(read, operate):
        what = "the tokens to read and to operate are the same: whoever reads could operate"
        raise ConfigError(what, fix="put another token into one of the two files")
    return Tokens(read, operate)


def read_token(path: Path, scope: Scope) -> str:
    """A token from its file. Errors: ConfigError, which never quotes what is in it."""
    token = read_secret(path, what=f"the token to {scope}")
    if not PLAIN.fullmatch(token):
        fix = f"put 32 or more letters and digits there: openssl rand -hex 32 > {path}"
        raise ConfigError(f"{path} holds no token: it is too short, or no plain text", fix=fix)
    return token


def _token(named: str, directory: Path, scope: Scope) -> str:
    path = Path(named) if named else token_file(directory, scope)
    if not named and not path.exists():
        replace_durably(path, f"{secrets.token_urlsafe(32)}\n".encode(), mode=0o600)
    return read_token(path, scope)
