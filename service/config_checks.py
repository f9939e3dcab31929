"""What the types of a configuration cannot say: numbers that are no rates, keys that contradict each other."""

from collections.abc import Iterable
from decimal import Decimal

from kernel.brackets import Entry, Exits
from kernel.errors import ConfigError
from kernel.features.declaration import checked
from kernel.levers import in_force
from kernel.models.rotation import Rotation
from kernel.money import ZERO
from kernel.strategy import Session, Strategy
from service.config_types import AccountConfig
from venues.simulation import SimulatedVenueConfig

__all__ = ["check_account", "check_strategy", "check_venue"]

_ONE = Decimal(1)


def check_account(account: AccountConfig) -> None:
    """Errors: ConfigError for an account that is empty, or owes before it begins."""
    _above_zero("account", account, ("cash", "leverage"))
    for asset, amount in account.balances.items():
        if amount < ZERO:
            raise ConfigError(f"account.balances.{asset} = {amount} is below 0")
    if account.kind == "cash" and account.leverage != _ONE:
        raise ConfigError("account.leverage: a cash account owes nothing", fix='add kind = "margin"')


def check_venue(venue: SimulatedVenueConfig) -> None:
    """Errors: ConfigError for a rate that is none, or a delay below 0."""
    rates = ("fee_rate", "maker_fee_rate", "slippage_rate", "spread_rate", "impact_rate", "volume_share")
    for name in (*rates, "limit_touch_probability"):
        rate = getattr(venue, name)
        whole = name in ("volume_share", "limit_touch_probability")
        if rate is not None and not (ZERO <= rate < _ONE or (whole and rate == _ONE)):
            raise ConfigError(f"venue.{name} = {rate} is not a rate", fix="0.001 is a tenth of a percent")
    for name in ("latency_ms", "latency_jitter_ms"):
        if getattr(venue, name) < 0:
            raise ConfigError(f"venue.{name} = {getattr(venue, name)} is below 0", fix="no order arrives early")
    if venue.volume_share is not None and venue.volume_share == ZERO:
        raise ConfigError("venue.volume_share = 0 would fill nothing", fix="leave it away, or use 0.1")


def check_strategy(strategy: Strategy) -> None:
    """Errors: ConfigError naming the key."""
    if any(isinstance(f, Session) and f.from_hour == f.to_hour for f in strategy.filters):
        raise ConfigError("strategy.filters: a session from an hour to the same hour never opens")
    names = [feature.name for feature in strategy.features]
    if len(set(names)) < len(names):
        raise ConfigError(f"strategy.features: two features share a name among {', '.join(names)}")
    for feature in strategy.features:
        checked(feature)
    execution = strategy.execution
    if (execution.quantity is None) == (execution.sizing is None):
        raise ConfigError(
            "strategy.execution needs a size: quantity, or sizing, and not both",
            fix='write quantity = "1", or sizing = { kind = "fixed_fraction", fraction = "0.5" }',
        )
    if execution.quantity is not None and execution.quantity <= ZERO:
        raise ConfigError(f"strategy.execution.quantity = {execution.quantity} must be more than 0")
    if execution.sizing is not None:
        _above_zero("strategy.execution.sizing", execution.sizing, _decimals(execution.sizing))
    _check_entry(execution.entry)
    _check_exits(strategy.exits)
    if isinstance(in_force(strategy).model, Rotation) and strategy.gate is not None and strategy.levers.gate:
        raise ConfigError("strategy.gate: a model that decides over several markets at once has no gate")


def _check_entry(entry: Entry) -> None:
    where = "strategy.execution.entry"
    if not ZERO <= entry.offset < _ONE or not ZERO <= entry.limit_offset < _ONE:
        raise ConfigError(f"{where}: offsets are shares of the close", fix="0.001 is a tenth of a percent")
    if (entry.time_in_force == "gtd") != (entry.minutes > 0):
        raise ConfigError(f"{where}: gtd and minutes belong together", fix='time_in_force = "gtd", minutes = 30')
    if entry.post_only and (entry.kind != "limit" or entry.time_in_force in ("ioc", "fok")):
        raise ConfigError(f"{where}: post_only is for limit orders that may rest")


def _check_exits(exits: Exits) -> None:
    where = "strategy.exits"
    distances = ("stop_loss", "stop_limit", "take_profit", "trailing_stop", "trailing_amount", "break_even")
    _above_zero(where, exits, [name for name in distances if getattr(exits, name) is not None])
    for name in ("stop_loss", "stop_limit", "trailing_stop"):
        share = getattr(exits, name)
        if share is not None and share >= _ONE and (name == "stop_limit" or not exits.unit):
            raise ConfigError(f"{where}.{name} = {share} is not a share of the price", fix="0.02 is two percent")
    if exits.trailing_stop is not None and exits.trailing_amount is not None:
        raise ConfigError(f"{where}: trailing_stop and trailing_amount are two ways to say one thing")
    for name in ("stop_limit", "break_even"):
        if getattr(exits, name) is not None and exits.stop_loss is None:
            raise ConfigError(f"{where}.{name} is about a stop", fix="add stop_loss")


def _decimals(struct: object) -> list[str]:
    return [name for name in struct.__struct_fields__ if isinstance(getattr(struct, name), Decimal)]  # type: ignore[attr-defined]


def _above_zero(where: str, struct: object, names: Iterable[str]) -> None:
    for name in names:
        if getattr(struct, name) <= ZERO:
            raise ConfigError(f"{where}.{name} = {getattr(struct, name)} must be more than 0")
