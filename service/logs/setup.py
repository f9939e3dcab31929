"""Sends everything that is said in this process one way: ours, other libraries', warnings, and what nobody caught."""

import asyncio
import logging
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, Final, TextIO

import msgspec
import structlog

from kernel.errors import CandledError
from service.logs.cleaning import Cleaner
from service.logs.limit import RateLimit
from service.logs.pump import Pump
from service.logs.secrets import Secrets

__all__ = ["logging_to", "on_loop_error"]

# What they say at lower levels has request headers and bodies in it.
_QUIET: Final = ("ccxt.base.exchange", "aiohttp", "alembic", "asyncpg", "urllib3")
Event = MutableMapping[str, Any]


@contextmanager
def logging_to(
    stream: TextIO, *, level: str = "info", secrets: Secrets, fields: Mapping[str, str] | None = None
) -> Iterator[Pump]:
    """Log to `stream` for the block's length: JSON lines, on a terminal something for people.

    `fields` are in every line. Secrets may be added to `secrets` at any time. Gives the pump, for its count. An
    exception that leaves the block, and is none of candled's own, is logged with its traceback.
    """
    pump = Pump(stream.fileno())
    handler = logging.StreamHandler(pump)
    handler.addFilter(RateLimit())
    handler.setFormatter(_formatter(secrets, dict(fields or {}), terminal=stream.isatty()))
    handler.handleError = lambda record: _unsaid(pump, record)  # type: ignore[method-assign]
    root = logging.getLogger()
    before, level_before = root.handlers[:], root.level
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_STAMPED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook, threading.excepthook, sys.unraisablehook = _uncaught, _uncaught_in_thread, _unraisable
    logging.captureWarnings(capture=True)
    try:
        yield pump
    except BaseException as error:
        if isinstance(error, Exception) and not isinstance(error, CandledError):
            _uncaught(type(error), error, error.__traceback__)
            hooks = _said_already, *hooks[1:]
        raise
    finally:
        logging.captureWarnings(capture=False)
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        structlog.reset_defaults()
        root.handlers = before
        root.setLevel(level_before)
        pump.close()


def on_loop_error(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """An event loop's exception handler: its message and the exception, not the objects that it names."""
    logging.getLogger("asyncio").error(str(context.get("message", "")), exc_info=context.get("exception"))


def _formatter(secrets: Secrets, fields: Mapping[str, str], *, terminal: bool) -> logging.Formatter:
    def with_fields(_logger: object, _method: str, event: Event) -> Event:
        record = event.pop("_record")
        event.pop("_from_structlog")
        event.pop("held_back", None)
        if record.held_back:
            event["held_back"] = record.held_back
        first = {"ts": event.pop("ts"), "level": event.pop("level"), "logger": record.name, "event": event.pop("event")}
        return first | dict(fields) | dict(event)

    console = structlog.dev.ConsoleRenderer(timestamp_key="ts", exception_formatter=structlog.dev.plain_traceback)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_STAMPED,
        processors=[
            structlog.processors.format_exc_info,
            structlog.processors.StackInfoRenderer(),
            with_fields,
            Cleaner(secrets),
            console if terminal else _json_line,
        ],
        use_get_message=True,
    )


def _json_line(_logger: object, _method: str, event: Event) -> str:
    return msgspec.json.encode(event).decode()


def _unsaid(pump: Pump, record: logging.LogRecord) -> None:
    """A line that could not be made: an object that cannot be printed, arguments that do not fit."""
    pump.write(f'{{"level":"error","event":"a line of the log could not be made","line":{record.lineno}}}\n')


def _uncaught(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    logging.getLogger("candled").critical("uncaught exception", exc_info=(kind, error, trace))


def _said_already(_kind: type[BaseException], _error: BaseException, _trace: Any) -> None:
    """Its traceback is in the log, without secrets; Python would print it once more, with them."""


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    logging.getLogger("candled").error("exception where none can be raised", exc_info=args.exc_value)


_STAMPED: Final = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
    structlog.stdlib.ExtraAdder(),
)
