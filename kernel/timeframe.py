"""Lengths of candles, and times as text. Every time in candled is an integer: nanoseconds since the epoch, UTC."""

from datetime import UTC, datetime

from kernel.errors import UsageError

__all__ = ["DAY_NS", "NS_PER_SECOND", "TIMEFRAMES_NS", "iso", "parse_time", "timeframe_ns"]

NS_PER_SECOND = 1_000_000_000
DAY_NS = 86_400 * NS_PER_SECOND

_MINUTES = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480, "12h": 720,
    "1d": 1440,
}  # fmt: skip
TIMEFRAMES_NS = {name: minutes * 60 * NS_PER_SECOND for name, minutes in _MINUTES.items()}


def timeframe_ns(name: str) -> int:
    """The length of a timeframe such as "1m". Errors: UsageError naming the known ones."""
    if name not in TIMEFRAMES_NS:
        raise UsageError(f"unknown timeframe {name!r}", fix=f"use one of: {', '.join(TIMEFRAMES_NS)}")
    return TIMEFRAMES_NS[name]


def iso(ts: int) -> str:
    """A time as ISO 8601 in UTC: 2022-06-13T14:00:00Z. Fractions of a second appear only where there are any."""
    seconds, nanoseconds = divmod(ts, NS_PER_SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{nanoseconds:09d}".rstrip("0") + "Z" if nanoseconds else text + "Z"


def parse_time(text: str) -> int:
    """A time from ISO 8601 text; without an offset it is UTC, without a time it is midnight. Errors: UsageError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a time", fix="write it as 2022-06-13T14:00Z or 2022-06-13") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    elapsed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (elapsed.days * 86_400 + elapsed.seconds) * NS_PER_SECOND + elapsed.microseconds * 1_000
