"""What a check found: fine, worth knowing, or in the way; and in that case what to do about it."""

from typing import Literal

import msgspec

__all__ = ["Finding", "State", "failed", "fine", "worth_knowing"]

State = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True):
    """One check's outcome. `mend` is what to do; empty where there is nothing to do."""

    check: str
    state: State
    said: str
    mend: str = ""


def fine(check: str, said: str) -> Finding:
    """As it should be."""
    return Finding(check, "ok", said)


def worth_knowing(check: str, said: str, mend: str) -> Finding:
    """A daemon runs with this, less well."""
    return Finding(check, "warn", said, mend)


def failed(check: str, said: str, mend: str) -> Finding:
    """A daemon does not run with this, or must not."""
    return Finding(check, "fail", said, mend)
