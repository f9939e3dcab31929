"""How large a position is: a decision's side becomes a quantity in base units, before rounding to lots.

Every kind is exact in what is exact. The two numbers that are not, a feature and a confidence, are rounded once, to
nine decimals, where they become money.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from kernel.money import ZERO, from_float, multiply, quotient, subtract

__all__ = ["CappedKelly", "FixedFraction", "FixedNotional", "Sizing", "Stake", "VolatilityTarget", "quantity_of"]

_ONE = Decimal(1)


class FixedNotional(msgspec.Struct, frozen=True, tag_field="kind", tag="fixed_notional", forbid_unknown_fields=True):
    """A position of this worth, in the account's currency."""

    notional: Decimal


class FixedFraction(msgspec.Struct, frozen=True, tag_field="kind", tag="fixed_fraction", forbid_unknown_fields=True):
    """A position of this share of the account's equity: 0.25 is a quarter."""

    fraction: Decimal


class VolatilityTarget(
    msgspec.Struct, frozen=True, tag_field="kind", tag="volatility_target", forbid_unknown_fields=True
):
    """A position whose expected move is `target` of the equity: equity x target / volatility.

    `volatility` names a feature that says what share of its price the market moves by (a standard deviation of returns,
    say), over whatever time `target` is meant for. The position is at most `max_fraction` of the equity.
    """

    target: Decimal
    volatility: str
    max_fraction: Decimal = _ONE


class CappedKelly(msgspec.Struct, frozen=True, tag_field="kind", tag="capped_kelly", forbid_unknown_fields=True):
    """The share `scale` x (p - (1 - p) / payoff) of the equity, at most `max_fraction`; nothing where it is negative.

    p is the model's confidence, taken for the chance to win; `payoff` what a win brings for each unit that a loss
    costs. Source: Kelly, A New Interpretation of Information Rate, 1956; `scale` 0.5 is half Kelly.
    """

    payoff: Decimal
    scale: Decimal = Decimal("0.5")
    max_fraction: Decimal = _ONE


Sizing = FixedNotional | FixedFraction | VolatilityTarget | CappedKelly


class Stake(NamedTuple):
    """What a size depends on: equity and price in the account's currency, the confidence, and the feature it names."""

    equity: Decimal
    price: Decimal
    confidence: float
    volatility: float


def quantity_of(sizing: Sizing, stake: Stake) -> Decimal:
    """Base units, at least 0, rounded down to 18 decimals. 0 where there is no equity or no volatility to divide by."""
    worth = _WORTHS[type(sizing)](sizing, stake)
    return quotient(worth, stake.price) if worth > ZERO else ZERO


def _fixed_notional(sizing: FixedNotional, _stake: Stake) -> Decimal:
    return sizing.notional


def _fixed_fraction(sizing: FixedFraction, stake: Stake) -> Decimal:
    return multiply(stake.equity, sizing.fraction)


def _volatility_target(sizing: VolatilityTarget, stake: Stake) -> Decimal:
    if not 0.0 < stake.volatility < 1e15:  # NaN too
        return ZERO
    volatility = from_float(stake.volatility)
    if volatility == ZERO or stake.equity <= ZERO:
        return ZERO
    share = quotient(sizing.target, volatility)
    return multiply(stake.equity, min(share, sizing.max_fraction))


def _capped_kelly(sizing: CappedKelly, stake: Stake) -> Decimal:
    chance = from_float(stake.confidence)
    share = multiply(sizing.scale, subtract(chance, quotient(subtract(_ONE, chance), sizing.payoff)))
    return multiply(stake.equity, min(share, sizing.max_fraction)) if share > ZERO else ZERO


_WORTHS: dict[type, Callable[[Any, Stake], Decimal]] = {
    FixedNotional: _fixed_notional,
    FixedFraction: _fixed_fraction,
    VolatilityTarget: _volatility_target,
    CappedKelly: _capped_kelly,
}
