"""Configuration: one TOML file, decoded strictly, overridden by `CANDLED_A__B` and by `--set a.b=c` (which wins).

Every number that can change a decision is made canonical here: 1, 1.0 and "1.00" are the same configuration. A number
with a point is read as the decimal that is written, so that no digit of an amount passes through a float.
"""

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from kernel.errors import ConfigError
from kernel.features.declaration import Feature
from kernel.money import ZERO, canonical_text
from service.config_checks import check_account, check_strategy, check_venue
from service.config_errors import explained
from service.config_types import AccountConfig, Config, DatabaseConfig, MarketConfig
from service.secret_files import read_secret

__all__ = ["AccountConfig", "Config", "DatabaseConfig", "MarketConfig", "load_config"]

_PREFIX, _BATCH = "CANDLED_", "CANDLED_FEATURES__"
_FEATURE_KEYS = frozenset(Feature.__struct_fields__)
_WHOLE_DIGITS, _DECIMALS = 20, 18  # of an amount; a price times a quantity times a rate must fit kernel/money.py


class _Override(NamedTuple):
    """A value for a key, and who gave it. Only the key is ever shown: the value may be a secret."""

    keys: Sequence[str]
    text: str
    origin: str


def load_config(path: Path, *, overrides: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> Config:
    """Read a configuration file and apply what overrides it. Errors: ConfigError naming the key."""
    tree = _read(path)
    given = [*_from_environment(environ or {}), *map(_from_option, overrides)]
    for override in given:
        _set(tree, override)
    _gather_params(tree)
    try:
        config = msgspec.convert(tree, Config)
    except msgspec.ValidationError as error:
        origins = {".".join(override.keys): override.origin for override in given}
        raise explained(error, Config, path.name, origins) from None
    canonical: Config = _canonical(config, "")
    _check(canonical)
    return msgspec.structs.replace(canonical, database=_with_secrets(canonical.database))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        what = f"{path} cannot be read: {error.strerror}"
        raise ConfigError(what, fix="name a strategy file, as in examples/") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None


def _from_environment(environ: Mapping[str, str]) -> list[_Override]:
    """Variables with a double underscore are keys; others (CANDLED_DATA_DIR) are options of the program.

    Those of `candled features`, which reads no strategy, are left to it.
    """
    named = sorted(name for name in environ if name.startswith(_PREFIX) and "__" in name)
    named = [name for name in named if not name.startswith(_BATCH)]
    return [_Override(name.removeprefix(_PREFIX).lower().split("__"), environ[name], name) for name in named]


def _from_option(override: str) -> _Override:
    name, equals, text = override.partition("=")
    if not equals:
        raise ConfigError(f"--set {override}: there is no '='", fix="write it as --set venue.fill=next_open")
    return _Override(name.strip().split("."), text.strip(), "--set")


def _set(tree: dict[str, Any], override: _Override) -> None:
    """Put a value into the tree; a number among the keys is a place in a list."""
    keys, text, origin = override
    node: Any = tree
    for key in keys[:-1]:
        node = node[_place(node, key, override)] if isinstance(node, list) else node.setdefault(key, {})
        if not isinstance(node, dict | list):
            raise ConfigError(f"{origin}: {'.'.join(keys)}: {key} is a value, not a table")
    node[_place(node, keys[-1], override) if isinstance(node, list) else keys[-1]] = _value(text)


def _place(node: list[Any], key: str, override: _Override) -> int:
    if not key.isdecimal() or int(key) >= len(node):
        what = f"{override.origin}: {'.'.join(override.keys)}: {key} is no place in a list of {len(node)}"
        raise ConfigError(what, fix=f"use 0 to {len(node) - 1}")
    return int(key)


def _value(text: str) -> Any:
    """What TOML would read there; anything else is a plain string."""
    try:
        return tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except tomllib.TOMLDecodeError:
        return text


def _gather_params(tree: dict[str, Any]) -> None:
    """A feature's table holds its kind's parameters, numbers, beside its own keys: they are put together here."""
    several = tree.get("strategies")
    for strategy in [tree.get("strategy"), *(several if isinstance(several, list) else ())]:
        features = strategy.get("features", ()) if isinstance(strategy, dict) else ()
        _gather_features(features if isinstance(features, list) else ())


def _gather_features(features: Sequence[Any]) -> None:
    for declared in features:
        if isinstance(declared, dict) and isinstance(params := declared.setdefault("params", {}), dict):
            numbers = {k: v for k, v in declared.items() if k not in _FEATURE_KEYS and isinstance(v, int | Decimal)}
            for name in numbers:
                del declared[name]
            params |= {k: float(v) if isinstance(v, Decimal) else v for k, v in (params | numbers).items()}


def _canonical(value: Any, where: str) -> Any:
    """The same configuration with every number in its one form. Errors: ConfigError for one that cannot be used."""
    if isinstance(value, msgspec.Struct):
        fields = {name: _canonical(getattr(value, name), f"{where}.{name}") for name in value.__struct_fields__}
        return type(value)(**fields)
    if isinstance(value, tuple):
        return tuple(_canonical(item, f"{where}.{place}") for place, item in enumerate(value))
    if isinstance(value, dict):
        return {key: _canonical(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, Decimal):
        return _canonical_decimal(value, where.lstrip("."))
    if isinstance(value, float):
        if not isfinite(value):
            raise ConfigError(f"{where.lstrip('.')} = {value} is not a finite number")
        return value + 0.0  # which makes -0.0 the zero that it is
    return value


def _canonical_decimal(value: Decimal, where: str) -> Decimal:
    if not value.is_finite():
        raise ConfigError(f"{where} = {value} is not a finite number")
    if value == ZERO:
        return ZERO
    if -_DECIMALS <= value.adjusted() < _WHOLE_DIGITS:  # else its text could be as long as its exponent is large
        text = canonical_text(value)
        if len(text.partition(".")[2]) <= _DECIMALS:
            return Decimal(text)
    what = f"{where} has more digits than any market"
    raise ConfigError(what, fix=f"at most {_WHOLE_DIGITS} before the point and {_DECIMALS} after it")


def _with_secrets(database: DatabaseConfig) -> DatabaseConfig:
    """The same with the URLs that are kept in files. Errors: ConfigError."""
    read = {}
    for name in ("url", "admin_url"):
        if file := getattr(database, f"{name}_file"):
            if getattr(database, name):
                raise ConfigError(f"database.{name} and database.{name}_file are both given", fix="keep the file")
            read[name] = read_secret(Path(file), what=f"database.{name}")
    return msgspec.structs.replace(database, **read)


def _check(config: Config) -> None:
    """What the types cannot say. Errors: ConfigError."""
    if (config.strategy is None) == (not config.strategies):
        raise ConfigError("there is to be one [strategy], or [[strategies]]", fix="see examples/ema_cross.toml")
    names = [strategy.name for strategy in config.every_strategy]
    if len(set(names)) < len(names):
        raise ConfigError(f"strategies: two share a name among {', '.join(names)}", fix="every record names its own")
    if config.daemon.stale_after <= ZERO:
        raise ConfigError(f"daemon.stale_after = {config.daemon.stale_after} is not above 0", fix="2.5 is usual")
    check_account(config.account)
    check_venue(config.venue)
    for strategy in config.every_strategy:
        check_strategy(strategy)
