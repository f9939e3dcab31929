"""Configuration: one TOML file, decoded strictly, overridden by `CANDLED_A__B` and by `--set a.b=c` (which wins).

Every number that can change a decision is made canonical here: 1, 1.0 and "1.00" are the same configuration.
"""

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import msgspec

from kernel.errors import ConfigError
from kernel.money import ZERO, canonical_text
from kernel.strategy import Strategy
from service.config_errors import explained
from venues.fills import SimulatedVenueConfig

__all__ = ["AccountConfig", "Config", "DatabaseConfig", "MarketConfig", "load_config"]

_PREFIX = "CANDLED_"


class MarketConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A market that the strategy trades. `candled backtest --dataset` puts others in its place."""

    venue: str
    symbol: str
    timeframe: str


class AccountConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the account starts with: `cash` of the markets' quote asset."""

    cash: Decimal


class DatabaseConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A PostgreSQL server to use instead of the embedded one."""

    url: str = ""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole configuration file. `database` is where, not what: it is no part of a run's identity."""

    strategy: Strategy
    account: AccountConfig
    venue: SimulatedVenueConfig = SimulatedVenueConfig()
    markets: tuple[MarketConfig, ...] = ()
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    database: DatabaseConfig = DatabaseConfig()


def load_config(path: Path, *, overrides: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> Config:
    """Read a configuration file and apply what overrides it. Errors: ConfigError naming the key."""
    try:
        tree: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", fix="name a strategy file, as in examples/"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    for keys, text in _from_environment(environ or {}):
        _set(tree, keys, text)
    for override in overrides:
        name, equals, text = override.partition("=")
        if not equals:
            raise ConfigError(f"--set {override}: there is no '='", fix="write it as --set venue.fill=next_open")
        _set(tree, name.strip().split("."), text.strip())
    try:
        config = msgspec.convert(tree, Config)
    except msgspec.ValidationError as error:
        raise explained(error, Config, path.name) from None
    checked: Config = _canonical(config, "")
    _check(checked)
    return checked


def _from_environment(environ: Mapping[str, str]) -> list[tuple[list[str], str]]:
    """Variables with a double underscore are keys; others (CANDLED_DATA_DIR) are options of the program."""
    named = sorted(name for name in environ if name.startswith(_PREFIX) and "__" in name)
    return [(name.removeprefix(_PREFIX).lower().split("__"), environ[name]) for name in named]


def _set(tree: dict[str, Any], keys: Sequence[str], text: str) -> None:
    """Put a value into the tree; a number among the keys is a place in a list."""
    node: Any = tree
    for key in keys[:-1]:
        node = node[_place(node, key)] if isinstance(node, list) else node.setdefault(key, {})
        if not isinstance(node, dict | list):
            raise ConfigError(f"{'.'.join(keys)}: {key} is a value, not a table")
    node[_place(node, keys[-1]) if isinstance(node, list) else keys[-1]] = _value(text)


def _place(node: list[Any], key: str) -> int:
    if not key.isdecimal() or int(key) >= len(node):
        raise ConfigError(f"{key} is no place in a list of {len(node)}", fix=f"use 0 to {len(node) - 1}")
    return int(key)


def _value(text: str) -> Any:
    """What TOML would read there; anything else is a plain string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _canonical(value: Any, where: str) -> Any:
    """The same configuration with every decimal in its one form. Errors: ConfigError for NaN or infinity."""
    if isinstance(value, msgspec.Struct):
        fields = {name: _canonical(getattr(value, name), f"{where}.{name}") for name in value.__struct_fields__}
        return type(value)(**fields)
    if isinstance(value, tuple):
        return tuple(_canonical(item, f"{where}.{place}") for place, item in enumerate(value))
    if isinstance(value, Decimal | float) and not (
        value.is_finite() if isinstance(value, Decimal) else isfinite(value)
    ):
        raise ConfigError(f"{where.lstrip('.')} = {value} is not a finite number")
    return Decimal(canonical_text(value)) if isinstance(value, Decimal) else value


def _check(config: Config) -> None:
    """What the types cannot say. Errors: ConfigError."""
    venue, strategy = config.venue, config.strategy
    for key, rate in (("venue.fee_rate", venue.fee_rate), ("venue.slippage_rate", venue.slippage_rate)):
        if rate is not None and not ZERO <= rate < 1:
            raise ConfigError(f"{key} = {rate} is not a rate", fix="0.001 is a tenth of a percent")
    for key, amount in (
        ("account.cash", config.account.cash),
        ("strategy.execution.quantity", strategy.execution.quantity),
    ):
        if amount <= ZERO:
            raise ConfigError(f"{key} = {amount} must be more than 0")
    names = [feature.name for feature in strategy.features]
    if len(set(names)) < len(names):
        raise ConfigError(f"strategy.features: two features share a name among {', '.join(names)}")
