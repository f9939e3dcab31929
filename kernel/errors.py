"""Every error that a user can meet, as one tree. A name says whose fault it is; the exit code is part of the contract.

CandledError            1
  CheckFailed           1   a verification ran and found a difference
  UsageError            2   the caller's: an option, a configuration, a file or a dataset that cannot be used
    ConfigError         2   a key or value of a configuration
    DataRefused         2   a market data file, with the row and the reason
    NotFound            2   a run, stream or dataset that is not there
    RuleFailed          2   a user's own rule: it raised, or said what no rule may say
  DatabaseUnavailable   1   the database's: cannot be reached, or went away
  Fenced                3   another writer owns the stream
  LogCorrupt            4   the log is not what was written
  Unreconciled          5   the venue's account is not what the log says
  InvariantBroken       1   ours: a bug in candled
"""

from typing import ClassVar

__all__ = [
    "CandledError", "CheckFailed", "ConfigError", "DataRefused", "DatabaseUnavailable", "Fenced", "InvariantBroken",
    "LogCorrupt", "NotFound", "RuleFailed", "Unreconciled", "UsageError",
]  # fmt: skip


class CandledError(Exception):
    """What went wrong, and in `fix` what the reader can do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, fix: str = "") -> None:
        super().__init__(what)
        self.fix = fix


class CheckFailed(CandledError):
    """A verification ran to its end and found a difference."""


class UsageError(CandledError):
    """The request cannot be carried out as given."""

    exit_code: ClassVar[int] = 2


class ConfigError(UsageError):
    """A configuration key or value that cannot be used."""


class DataRefused(UsageError):
    """Market data that cannot become a dataset; names the file, the row and the reason."""


class NotFound(UsageError):
    """A run, stream or dataset that does not exist here."""


class RuleFailed(UsageError):
    """A user's own rule raised an exception, or gave what no rule may say; names the rule and the candle."""


class DatabaseUnavailable(CandledError):
    """The database cannot be reached, or the connection to it was lost."""


class Fenced(CandledError):
    """Another writer has taken over the stream: this one must end."""

    exit_code: ClassVar[int] = 3


class LogCorrupt(CandledError):
    """The log is not what was written; `first_bad_seq` is the first record that cannot be trusted."""

    exit_code: ClassVar[int] = 4

    def __init__(self, what: str, *, first_bad_seq: int, fix: str = "") -> None:
        super().__init__(what, fix=fix)
        self.first_bad_seq = first_bad_seq


class Unreconciled(CandledError):
    """Orders or balances at the venue are not those of the log, and nobody may trade on that."""

    exit_code: ClassVar[int] = 5


class InvariantBroken(CandledError):
    """The kernel contradicts itself: a bug of ours, never of the input."""
