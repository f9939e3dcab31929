"""The rules by which a symbol is traded: from the user's file of rules, else from the finest decimals in its data.

[binance."BTC/USDT"]
tick = "0.01"            # step of a price, in the quote asset
lot = "0.00001"          # step of a quantity, in the base asset
min_notional = "5"       # smallest price x quantity, in the quote asset; without it none
fee_rate = "0.001"       # fraction of the notional; without it the run's own
"""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from kernel.errors import ConfigError, NotFound
from kernel.instrument import Instrument
from kernel.money import ZERO, from_units, parse
from venues.dataset import DatasetManifest

__all__ = ["RuleBook", "TradingRules", "find_rules", "instrument_for", "load_rules"]


class TradingRules(msgspec.Struct, frozen=True):
    """A venue's rules for one symbol. `fee_rate` is None where the file leaves it to the run."""

    tick: Decimal
    lot: Decimal
    min_notional: Decimal = ZERO
    fee_rate: Decimal | None = None


RuleBook = Mapping[tuple[str, str], TradingRules]  # by (venue, symbol)


def find_rules(data_dir: Path, given: Path | None) -> RuleBook:
    """The rules of the file that the user gave, else of `<data_dir>/instruments.toml`, else none.

    Errors: as `load_rules`, for a file that was given or is there.
    """
    path = given or data_dir / "instruments.toml"
    return load_rules(path) if given or path.exists() else {}


def load_rules(path: Path) -> RuleBook:
    """The rules in a file. Errors: NotFound; ConfigError naming the key, and the nearest known one."""
    try:
        venues = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}", fix="check --instruments") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    return {
        (venue, symbol): _rules(_table(rules, f'{path}: {venue}."{symbol}"'), f'{path}: {venue}."{symbol}"')
        for venue, symbols in venues.items()
        for symbol, rules in _table(symbols, f"{path}: {venue}").items()
    }


def instrument_for(manifest: DatasetManifest, rules: RuleBook, default_fee_rate: Decimal) -> tuple[Instrument, bool]:
    """The instrument of a dataset, and whether its tick and lot had to be derived from the data's decimals."""
    named = rules.get((manifest.venue, manifest.symbol))
    rule = named or TradingRules(from_units(1, manifest.price_decimals), from_units(1, manifest.volume_decimals))
    base, _, quote = manifest.symbol.partition("/")
    instrument = Instrument(
        symbol=manifest.symbol,
        base=base,
        quote=quote.partition(":")[0],
        price_decimals=manifest.price_decimals,
        volume_decimals=manifest.volume_decimals,
        tick=rule.tick,
        lot=rule.lot,
        min_notional=rule.min_notional,
        fee_rate=default_fee_rate if rule.fee_rate is None else rule.fee_rate,
    )
    return instrument, named is None


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where} is not a table", fix='write [binance."BTC/USDT"] and its keys below it')
    return value


def _rules(keys: dict[str, Any], where: str) -> TradingRules:
    known = TradingRules.__struct_fields__
    for key in keys:
        if key not in known:
            nearest = get_close_matches(key, known, n=1, cutoff=0.0)[0]
            raise ConfigError(
                f"{where}: unknown key {key!r}", fix=f"did you mean {nearest!r}? Known: {', '.join(known)}"
            )
    for key in ("tick", "lot"):
        if key not in keys:
            raise ConfigError(f"{where}: {key} is missing", fix=f'add {key} = "0.01"')
    numbers = {key: _number(value, f"{where}.{key}") for key, value in keys.items()}
    for key, number in numbers.items():
        if number < 0 or (number == 0 and key in {"tick", "lot"}):
            raise ConfigError(f"{where}.{key} must be above zero, and is {number}")
    if numbers.get("fee_rate", ZERO) >= 1:
        raise ConfigError(f"{where}.fee_rate is a fraction: 0.001 is 0.1 %")
    return TradingRules(**numbers)


def _number(value: Any, where: str) -> Decimal:
    """TOML numbers arrive as exact decimals (parse_float above)."""
    if isinstance(value, (int, str, Decimal)) and not isinstance(value, bool):
        try:
            return parse(str(value))
        except ValueError:
            pass
    raise ConfigError(f"{where}: {value!r} is not a number", fix='write it as "0.01"')
