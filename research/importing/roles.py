"""Which column of a file is which. Names are compared without case, blanks and punctuation."""

import re
from typing import NamedTuple

from kernel.errors import DataRefused
from research.importing.table import RawTable
from venues.columns import ArrowArray

__all__ = ["Roles", "roles_of"]

# In order of preference: a file may hold its time twice, as a number and for the eye.
_TIME = ("opentime", "timestamp", "opentimems", "timestampms", "time", "unix", "unixtime", "unixtimestamp", "ts", "t",
         "starttime", "start", "begin", "datetime", "date", "datetimeutc", "dateutc", "timeutc", "timestamputc",
         "indexlevel0", "")  # fmt: skip
_PRICES = {
    "open": ("open", "o", "openprice", "priceopen"),
    "high": ("high", "h", "highprice", "pricehigh", "max"),
    "low": ("low", "l", "lowprice", "pricelow", "min"),
    "close": ("close", "c", "closeprice", "priceclose"),
}
_VOLUME = ("volume", "v", "vol", "basevolume", "volumebase", "basevol", "baseassetvolume")
_SYMBOL = ("symbol", "pair", "ticker", "market", "instrument", "tradingpair")
_CLOSE_TIME = ("closetime", "closetimems", "endtime")
_IGNORE = ("ignore", "unused")

# What vendors call the same further column.
_ATTACHED = {
    "quote_volume": ("quotevolume", "quoteassetvolume", "volumequote", "quotevol", "turnover"),
    "trades": ("trades", "count", "numberoftrades", "tradecount", "tradescount", "numtrades", "ntrades", "n"),
    "taker_buy_volume": ("takerbuyvolume", "takerbuybasevolume", "takerbuybaseassetvolume", "takerbuybase"),
    "taker_buy_quote_volume": ("takerbuyquotevolume", "takerbuyquoteassetvolume", "takerbuyquote"),
}
_ATTACHED_NAMES = {text: name for name, texts in _ATTACHED.items() for text in texts}


class Roles(NamedTuple):
    """A file's columns by what they mean. `prices` are open, high, low, close; `further` goes by canonical names."""

    time: ArrowArray
    time_name: str
    prices: tuple[ArrowArray, ...]
    volume: ArrowArray
    close_time: ArrowArray | None
    symbol: ArrowArray | None
    further: dict[str, ArrowArray]


def roles_of(table: RawTable, base: str) -> Roles:
    """Sort a file's columns. Errors: DataRefused naming what is missing and what was found, or a name found twice.

    `base` is the base asset: some vendors call their column "Volume BTC".
    """
    left = _by_plain_name(table)
    quoted = ", ".join(repr(name) for name in table.names)
    volume_names = (*_VOLUME, f"volume{base.lower()}", f"{base.lower()}volume")

    def take(role: str, names: tuple[str, ...]) -> tuple[str, ArrowArray]:
        for plain in names:
            if plain in left:
                return left.pop(plain)
        fix = f"name the column {' or '.join(repr(name) for name in names[:2])}"
        raise DataRefused(f"{table.origin.file}: no column for {role} among {quoted}", fix=fix)

    def take_if_there(names: tuple[str, ...]) -> ArrowArray | None:
        return next((left.pop(plain)[1] for plain in names if plain in left), None)

    time_name, time = take("the open time", _TIME)
    return Roles(
        time=time,
        time_name=time_name or "time",
        prices=tuple(take(role, names)[1] for role, names in _PRICES.items()),
        volume=take("volume", volume_names)[1],
        close_time=take_if_there(_CLOSE_TIME),
        symbol=take_if_there(_SYMBOL),
        further=_further({plain: column for plain, column in left.items() if plain not in _IGNORE}),
    )


def _by_plain_name(table: RawTable) -> dict[str, tuple[str, ArrowArray]]:
    found: dict[str, tuple[str, ArrowArray]] = {}
    for name, column in zip(table.names, table.columns, strict=True):
        plain = re.sub(r"[\W_]", "", name.lower())
        if plain in found:
            raise DataRefused(f"{table.origin.file}: two columns are named {name!r}", fix="remove or rename one")
        found[plain] = (name, column)
    return found


def _further(left: dict[str, tuple[str, ArrowArray]]) -> dict[str, ArrowArray]:
    named: dict[str, ArrowArray] = {}
    for plain, (name, column) in left.items():
        canonical = _ATTACHED_NAMES.get(plain) or re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "unnamed"
        while canonical in named:
            canonical += "_"
        named[canonical] = column
    return named
