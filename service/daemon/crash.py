"""Where a test lets the daemon die: CANDLED_CRASH_AT=POINT:N kills it the N-th time that it gets there."""

import os
import signal
from collections.abc import Callable, Mapping
from typing import Final

from kernel.errors import UsageError

__all__ = ["POINTS", "crash_at"]

POINTS: Final = (
    "before_append", "before_commit", "after_commit", "before_dispatch", "in_dispatch", "after_dispatch",
    "in_snapshot", "after_snapshot",
)  # fmt: skip
_VARIABLE: Final = "CANDLED_CRASH_AT"


def crash_at(environ: Mapping[str, str]) -> Callable[[str], None]:
    """What is to be called at every point; it does nothing but where the environment names one. Errors: UsageError."""
    wish = environ.get(_VARIABLE, "")
    if not wish:
        return _go_on
    point, _, number = wish.partition(":")
    if point not in POINTS or not number.isdecimal():
        raise UsageError(f"{_VARIABLE}={wish} names no point", fix=f"write POINT:N, with one of: {', '.join(POINTS)}")
    return _Countdown(point, int(number)).reached


def _go_on(_point: str) -> None:
    pass


class _Countdown:
    def __init__(self, point: str, left: int) -> None:
        self._point = point
        self._left = left

    def reached(self, point: str) -> None:
        """Die, if this is the place and the time."""
        if point == self._point:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
