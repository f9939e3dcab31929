"""One file made into checked candles. Every check that needs one file alone is called from here."""

from typing import NamedTuple

from kernel.errors import DataRefused
from research.importing.candles import Candles, Market, Numbers, candles_of
from research.importing.checks import check_candles, check_order
from research.importing.formats import read_table
from research.importing.numbers import numbers_of
from research.importing.origin import Origin
from research.importing.roles import Roles, roles_of
from research.importing.source import SourceFile
from research.importing.spacing import check_close_times, check_spacing
from research.importing.symbols import check_symbol_column, check_symbol_in_names, split_symbol
from research.importing.times import refuse_unlikely, times_of
from venues.columns import Units
from venues.dataset import Source

__all__ = ["Piece", "piece_of"]


class Piece(NamedTuple):
    """A file's candles in its own order, with equal times still in. `further` are a vendor's other columns, by name.

    `cut_short` marks the candles that by their close time had not closed; None where there is no close time.
    """

    origin: Origin
    source: Source
    candles: Candles
    further: dict[str, Numbers]
    cut_short: Units | None
    left_out: tuple[str, ...]


def piece_of(file: SourceFile, market: Market, format_name: str | None, now_ns: int) -> Piece:
    """Read and check a file. Errors: DataRefused naming the file, the row and the reason."""
    check_symbol_in_names(file.names, market.symbol, str(file.path))
    format_read, table = read_table(file, format_name)
    origin = table.origin
    roles = roles_of(table, split_symbol(market.symbol)[0])
    if roles.symbol is not None:
        check_symbol_column(roles.symbol, market.symbol, origin)
    candles = _candles(roles, origin, now_ns)
    times = candles.rows.open_time
    check_spacing(times, market.timeframe, origin)
    close_times = None if roles.close_time is None else times_of(roles.close_time, "close_time", origin)
    further, left_out = _further(roles, origin)
    if close_times is not None:
        further = {"close_time": Numbers(close_times, 0), **further}
    return Piece(
        origin=origin,
        source=Source(file=file.path.name, sha256=file.sha256, format=format_read, rows=len(times)),
        candles=candles,
        further=further,
        cut_short=None if close_times is None else check_close_times(times, close_times, market.timeframe, origin),
        left_out=left_out,
    )


def _candles(roles: Roles, origin: Origin, now_ns: int) -> Candles:
    times = times_of(roles.time, roles.time_name, origin)
    refuse_unlikely(times, now_ns, origin)
    check_order(times, origin)
    names = ("open", "high", "low", "close")
    open_, high, low, close = (numbers_of(c, name, origin) for c, name in zip(roles.prices, names, strict=True))
    candles = candles_of(times, (open_, high, low, close), numbers_of(roles.volume, "volume", origin))
    check_candles(candles, origin)
    return candles


def _further(roles: Roles, origin: Origin) -> tuple[dict[str, Numbers], tuple[str, ...]]:
    """The further columns that are numbers throughout, and the names of those that are not."""
    kept: dict[str, Numbers] = {}
    left_out: list[str] = []
    for name, column in roles.further.items():
        try:
            kept[name] = numbers_of(column, name, origin)
        except DataRefused:
            left_out.append(name)
    return kept, tuple(left_out)
