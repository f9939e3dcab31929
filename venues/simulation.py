"""How the simulated venue is set up: the doubts about a candle, each as one number or one word."""

from decimal import Decimal
from typing import Literal

import msgspec

from kernel.money import ZERO

__all__ = ["Path", "SimulatedVenueConfig"]

Path = Literal["worst", "best", "open_high_low_close", "open_low_high_close"]


class SimulatedVenueConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the simulated venue fills. Rates are shares of a price or of a notional: 0.001 is a tenth of a percent.

    - `fill`: where an order that is sent at a candle's close is first worked: at that close ("same_close", without
      latency only), or at the open of its symbol's next candle.
    - `fee_rate`: of a taker's notional; None takes the instrument's own. `maker_fee_rate`: None is as for a taker.
    - `fee_asset`: "" pays fees in quote, "received" in what the fill brings in, another word in the asset of that name,
      converted at its last close.
    - `slippage_rate`: every taker fill is worse by this share of the price; a limit is never filled beyond its price.
    - `spread_rate`: of the price; a taker crosses half of it, on top of the slippage.
    - `impact_rate`: times the part of the candle's volume that the fill takes, once more on top.
    - `volume_share`: the most of a candle's volume that is filled per symbol; None fills every order at once.
    - `latency_ms`, `latency_jitter_ms`: from a request to the venue; the jitter is drawn per order, from the seed.
    - `path`: in which order the price saw the candle's high and low. "worst" and "best" try both ways for each
      strategy and candle, and keep the one that leaves it with less, or more.
    - `limit_touch_probability`: that a resting limit is filled by a price that touches it and goes no further; drawn
      per order and candle, from the seed.
    """

    fill: Literal["same_close", "next_open"] = "next_open"
    fee_rate: Decimal | None = None
    maker_fee_rate: Decimal | None = None
    fee_asset: str = ""
    slippage_rate: Decimal = ZERO
    spread_rate: Decimal = ZERO
    impact_rate: Decimal = ZERO
    volume_share: Decimal | None = None
    latency_ms: int = 0
    latency_jitter_ms: int = 0
    path: Path = "worst"
    limit_touch_probability: Decimal = ZERO
