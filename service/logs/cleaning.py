"""What an event's fields become before they are written: plain values, bounded, without secrets."""

import re
from collections.abc import Mapping, MutableMapping
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, Final

from service.logs.secrets import REDACTED, SECRET_WORDS, Secrets

__all__ = ["Cleaner"]

TEXT_MAX: Final = 2_000
TRACEBACK_MAX: Final = 12_000
ITEMS_MAX: Final = 40
DEPTH_MAX: Final = 4
_RAW_MORE: Final = 4_096  # so much more than may stay is looked through
_SECRET_KEY: Final = re.compile(rf"(?i)(?:{SECRET_WORDS}|(?:^|_)(?:url|dsn)$)")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # not tab and newline
_TRACEBACKS: Final = ("exception", "stack")


class Cleaner:
    """A processor for structlog: the last but one, before what renders."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
        """The event, cleaned."""
        made = {}
        for key, value in list(event.items())[:ITEMS_MAX]:
            bound = TRACEBACK_MAX if key in _TRACEBACKS else TEXT_MAX
            made[self._text(key, 64)] = REDACTED if _SECRET_KEY.search(key) else self._value(value, bound, DEPTH_MAX)
        return made

    def _value(self, value: object, bound: int, depth: int) -> Any:
        match value:
            case None | bool() | float():
                return value
            case int() if not isinstance(value, Enum):
                return value if abs(value) < 1 << 63 else str(value)[:bound]
            case str():
                return self._text(value, bound)
            case Mapping() if depth:
                items = list(value.items())[:ITEMS_MAX]
                return {self._text(str(k), 64): self._field(str(k), v, bound, depth - 1) for k, v in items}
            case list() | tuple() | set() | frozenset() if depth:
                return [self._value(item, bound, depth - 1) for item in list(value)[:ITEMS_MAX]]
            case Decimal() | PurePath() | Enum():
                return self._text(str(value), bound)
            case BaseException():
                return self._text(f"{type(value).__name__}: {value}", bound)
        return f"<{type(value).__qualname__}>"  # what an object of somebody else's would print, nobody knows

    def _field(self, key: str, value: object, bound: int, depth: int) -> Any:
        return REDACTED if _SECRET_KEY.search(key) else self._value(value, bound, depth)

    def _text(self, text: str, bound: int) -> str:
        """The text, or its two ends. Secrets go first: a cut through one would leave half of it."""
        hide, edge, half = self._secrets.hide, self._secrets.longest, bound // 2
        if len(text) <= bound + _RAW_MORE:
            head = tail = hide(text)
            shown = head if len(head) <= bound else ""
        else:
            reach, shown = half + _RAW_MORE // 2, ""
            head, tail = hide(text[:reach])[: -edge or None], hide(text[-reach:])[edge:]
        if not shown and text:
            shown = f"{head[:half]} ...[{len(text)} characters]... {tail[-half:]}"
        printable = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", shown)
        return printable.encode(errors="backslashreplace").decode()
