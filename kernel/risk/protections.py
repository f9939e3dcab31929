"""Protections watch what has happened, limits what is about to: too large a loss, too many losses, too wild a market.

A protection only says that it is breached; the kernel restricts trading, and closes what is to be closed. `action`:
block lets no entry through, reduce cancels resting entries too, flatten cancels every order and closes every position.
With `pause_minutes` the restriction is over after them, without it when an operator says so. What is in force for the
same cause, and is as severe, is not breached again.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec

from kernel.messages import CandleClosed, TradingState
from kernel.money import ZERO, canonical_text, from_units, multiply, subtract
from kernel.risk.trading import SEVERITY
from kernel.state import Market, State
from kernel.timeframe import DAY_NS, NS_PER_SECOND

__all__ = [
    "Breach", "DailyLoss", "Drawdown", "ExitCooldown", "LosingStreak", "Protection", "VolatilitySpike", "equity_floor",
    "on_candle", "on_equity", "on_round_trip",
]  # fmt: skip

Action = Literal["block", "reduce", "flatten"]
Pause = Annotated[int, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]

_STATES: dict[Action, TradingState] = {"block": "reducing", "reduce": "reducing", "flatten": "halted"}
_ONE = Decimal(1)
_MINUTE_NS = 60 * NS_PER_SECOND


class DailyLoss(msgspec.Struct, frozen=True, tag_field="kind", tag="daily_loss", forbid_unknown_fields=True):
    """The account has lost the share `limit` of what the UTC day began with. It is over when that day is.

    Errors: ValueError unless 0 < limit <= 1.
    """

    limit: Decimal
    action: Action = "flatten"

    def __post_init__(self) -> None:
        _demand_share(self.limit)


class Drawdown(msgspec.Struct, frozen=True, tag_field="kind", tag="drawdown", forbid_unknown_fields=True):
    """The account is worth the share `limit` less than at its peak. Errors: ValueError unless 0 < limit <= 1."""

    limit: Decimal
    action: Action = "flatten"
    pause_minutes: Pause = 0

    def __post_init__(self) -> None:
        _demand_share(self.limit)


class LosingStreak(msgspec.Struct, frozen=True, tag_field="kind", tag="losing_streak", forbid_unknown_fields=True):
    """A strategy's last `losses` round trips or more in a market each lost money. Every further one breaches again."""

    losses: Count
    action: Action = "block"
    pause_minutes: Pause = 0


class ExitCooldown(msgspec.Struct, frozen=True, tag_field="kind", tag="exit_cooldown", forbid_unknown_fields=True):
    """A strategy stays out of a market for `minutes` after it has left it: after any round trip, or one that lost."""

    minutes: Count
    after: Literal["any", "loss"] = "any"
    action: ClassVar[Action] = "block"


class VolatilitySpike(
    msgspec.Struct, frozen=True, tag_field="kind", tag="volatility_spike", forbid_unknown_fields=True
):
    """One candle's high was the share `range_rate` of its low above it: the market is closed to every strategy.

    Errors: ValueError unless range_rate > 0.
    """

    range_rate: Decimal
    action: Action = "block"
    pause_minutes: Pause = 0

    def __post_init__(self) -> None:
        if not self.range_rate > ZERO:
            raise ValueError(f"range_rate is {self.range_rate}, and must be above zero")


Protection = DailyLoss | Drawdown | LosingStreak | ExitCooldown | VolatilitySpike


class Breach(NamedTuple):
    """Trading is to be restricted: for a strategy or all (""), a symbol or all, until a time (0: until an operator)."""

    strategy: str
    symbol: str
    state: TradingState
    cause: str
    until: int
    detail: str
    action: Action


def on_equity(protections: Iterable[Protection], state: State, ts: int, equity: Decimal) -> list[Breach]:
    """What the account's worth breaches."""
    found = []
    for protection, floor in _floors(protections, state):
        if equity <= floor:
            figures = f"{canonical_text(equity)} <= {canonical_text(floor)} {state.account.currency}"
            found.append(_breach(protection, "", "", ts, figures))
    return found


def on_candle(protections: Iterable[Protection], state: State, market: Market, candle: CandleClosed) -> list[Breach]:
    """What the range of a candle breaches; exact, in integers."""
    found = []
    symbol, decimals = market.instrument.symbol, market.instrument.price_decimals
    for protection in protections:
        if isinstance(protection, VolatilitySpike):
            parts, whole = protection.range_rate.as_integer_ratio()
            wild = (candle.high - candle.low) * whole >= candle.low * parts
            if wild and not _in_force(state, protection, "", symbol):
                low, high = (canonical_text(from_units(price, decimals)) for price in (candle.low, candle.high))
                figures = f"from {low} to {high}: {canonical_text(protection.range_rate)} or more"
                found.append(_breach(protection, "", symbol, candle.ts, figures))
    return found


def on_round_trip(protections: Iterable[Protection], state: State, strategy: str, symbol: str, ts: int) -> list[Breach]:
    """What a position breaches that has just become flat; its count of losses is that after the round trip."""
    found = []
    losses = state.books[strategy].positions[symbol].losses
    for protection in protections:
        if isinstance(protection, LosingStreak) and losses >= protection.losses:
            figures = f"{losses} losing round trips in a row"
        elif isinstance(protection, ExitCooldown) and (losses or protection.after == "any"):
            figures = f"{protection.minutes} minutes out of the market"
        else:
            continue
        if not _in_force(state, protection, strategy, symbol):
            found.append(_breach(protection, strategy, symbol, ts, figures))
    return found


def equity_floor(protections: Iterable[Protection], state: State) -> Decimal | None:
    """The highest equity that breaches a protection not in force; None where there is none to breach."""
    return max((floor for _, floor in _floors(protections, state)), default=None)


def _floors(protections: Iterable[Protection], state: State) -> Iterator[tuple[DailyLoss | Drawdown, Decimal]]:
    for protection in protections:
        if isinstance(protection, DailyLoss | Drawdown):
            before = state.day_equity if isinstance(protection, DailyLoss) else state.peak
            if before > ZERO and not _in_force(state, protection, "", ""):
                yield protection, multiply(before, subtract(_ONE, protection.limit))


def _in_force(state: State, protection: Protection, strategy: str, symbol: str) -> bool:
    scope, severity = (strategy, symbol, _cause(protection)), SEVERITY[_STATES[protection.action]]
    return any((h.strategy, h.symbol, h.cause) == scope and SEVERITY[h.state] >= severity for h in state.halts)


def _breach(protection: Protection, strategy: str, symbol: str, ts: int, figures: str) -> Breach:
    action, until = protection.action, _until(protection, ts)
    return Breach(strategy, symbol, _STATES[action], _cause(protection), until, figures, action)


def _cause(protection: Protection) -> str:
    return str(protection.__struct_config__.tag)


def _until(protection: Protection, ts: int) -> int:
    if isinstance(protection, DailyLoss):
        return ts + -ts % DAY_NS + 1  # past midnight, when the day's last candles close
    minutes = protection.minutes if isinstance(protection, ExitCooldown) else protection.pause_minutes
    return ts + minutes * _MINUTE_NS if minutes else 0


def _demand_share(limit: Decimal) -> None:
    if not ZERO < limit <= _ONE:
        raise ValueError(f"limit is {limit}, and must be a share: more than 0, at most 1")
