"""Whether a file speaks of the symbol that it is imported as: by its name, and by its symbol column if it has one."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from kernel.errors import DataRefused, UsageError
from research.importing.origin import Origin
from venues.columns import ArrowArray

__all__ = ["check_symbol_column", "check_symbol_in_names", "split_symbol"]

_SYMBOL = re.compile(r"([A-Z0-9]+)/([A-Z0-9]+)(:[A-Z0-9]+)?")
_DOLLARS = ("USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USD")  # no word ends so: any base may stand before
_MONEY = ("EUR", "GBP", "TRY", "BRL", "AUD", "CAD", "CHF", "JPY", "KRW", "USDP", "DAI")
# Assets known by name: whatever else stands beside BTC in a file's name may be any word.
_ASSETS = frozenset((
    "AAVE", "ADA", "ALGO", "APE", "APT", "ARB", "ATOM", "AVAX", "BCH", "BNB", "BTC", "CRV", "DOGE", "DOT", "EGLD",
    "ENJ", "EOS", "ETC", "ETH", "FIL", "FTM", "GRT", "HBAR", "ICP", "INJ", "KSM", "LDO", "LINK", "LTC", "MANA",
    "MATIC", "MKR", "NEAR", "NEO", "NKN", "OP", "PEPE", "POL", "QTUM", "RUNE", "SAND", "SEI", "SHIB", "SNX", "SOL",
    "SUI", "SUSHI", "TIA", "TON", "TRX", "UNI", "VET", "WIF", "XLM", "XMR", "XRP", "XTZ", "YFI", "ZEC", "ZRX",
))  # fmt: skip
_QUOTES = _ASSETS | {*_DOLLARS, *_MONEY}
_ALIASES = {"XBT": "BTC", "XDG": "DOGE"}  # Kraken's own
_KRAKEN_LONG = re.compile(r"X([A-Z]{3})[XZ]([A-Z]{3})")  # XXBTZUSD

Pair = tuple[str, str]


def split_symbol(symbol: str) -> Pair:
    """Base and quote of a symbol such as BTC/USDT. Errors: UsageError."""
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise UsageError(f"{symbol!r} is not a symbol", fix="write base and quote in capitals: --symbol BTC/USDT")
    return match[1], match[2]


def check_symbol_in_names(names: Sequence[str], symbol: str, file: str) -> None:
    """Errors: DataRefused when a name of the file speaks of other symbols only. A name without a symbol is fine."""
    expected = _canonical(*split_symbol(symbol))
    for name in names:
        found = list(_pairs_in(name, expected))
        if found and expected not in found:
            what = f"{file}: the name {name} says {'/'.join(found[0])}, and the symbol given is {symbol}"
            raise DataRefused(what, fix="check --symbol, or rename the file if its name misleads")


def check_symbol_column(column: ArrowArray, symbol: str, origin: Origin) -> None:
    """Errors: DataRefused naming the first row that is about another symbol."""
    expected = _canonical(*split_symbol(symbol))
    for text in column.unique().to_pylist():
        plain = re.sub(r"[^A-Z0-9]", "", str(text).upper().partition(":")[0])
        if expected not in _splits_of(plain, expected):
            row = column.to_pylist().index(text)
            raise origin.refused(row, f"the symbol is {text!r}, and the one given is {symbol}")


def _pairs_in(name: str, expected: Pair) -> Iterator[Pair]:
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name) if word.isupper() or word.islower()]
    for word in words:
        yield from _splits_of(word.upper(), expected, cautious=word.islower())
    for base, quote in pairwise(word.upper() for word in words):
        pair = _canonical(base, quote)
        if pair == expected or (pair[0] in _ASSETS and quote in _QUOTES and base != quote):
            yield pair


def _splits_of(word: str, expected: Pair, *, cautious: bool = False) -> list[Pair]:
    """The pair that one word such as BTCUSDT stands for, or none. Cautious: only when the base is a known asset."""
    pairs = [_canonical(word[:at], word[at:]) for at in range(1, len(word))]
    long_form = _KRAKEN_LONG.fullmatch(word)
    if long_form:
        pairs.append(_canonical(long_form[1], long_form[2]))
    if expected in pairs:
        return [expected]
    likely = [
        (base, quote)
        for base, quote in pairs
        if (base in _ASSETS and quote in _QUOTES) or (not cautious and len(base) > 2 and quote in _DOLLARS)
    ]
    return likely[:1]


def _canonical(base: str, quote: str) -> Pair:
    return _ALIASES.get(base, base), _ALIASES.get(quote, quote)
