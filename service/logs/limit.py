"""How often the same thing may be said: a fault that comes back a thousand times a second is one line, and a count."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["RateLimit"]

PER_WINDOW: Final = 20
ALL_PER_WINDOW: Final = 500
WINDOW_S: Final = 10.0
KEYS_MAX: Final = 1_024


@dataclass(slots=True)
class _Window:
    began_s: float
    said: int = 0
    held: int = 0


class RateLimit(logging.Filter):
    """A filter: of one logger's one message so many pass in ten seconds, and of all together so many.

    The next that passes has in `held_back` how many did not. Critical ones always pass.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock_s = clock_s
        self._windows: dict[tuple[str, str], _Window] = {}
        self._all = _Window(clock_s())

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record passes."""
        now = self._clock_s()
        said = record.msg.get("event", "") if isinstance(record.msg, dict) else record.msg
        own = self._window((record.name, str(said)[:200]), now)
        everything = _renewed(self._all, now)
        if record.levelno < logging.CRITICAL and (own.said >= PER_WINDOW or everything.said >= ALL_PER_WINDOW):
            own.held += 1
            return False
        own.said += 1
        everything.said += 1
        record.held_back, own.held = own.held, 0
        return True

    def _window(self, key: tuple[str, str], now: float) -> _Window:
        window = self._windows.get(key)
        if window is None:
            if len(self._windows) >= KEYS_MAX:
                del self._windows[next(iter(self._windows))]
            window = self._windows[key] = _Window(now)
        return _renewed(window, now)


def _renewed(window: _Window, now: float) -> _Window:
    if now - window.began_s >= WINDOW_S:
        window.began_s, window.said = now, 0
    return window
