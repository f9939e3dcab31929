"""One market's rules and costs: the instrument's own, and what the configuration puts on top.

Prices are integers here, fine enough for the candles' prices and for the tick: comparing levels is all that most
candles ask for. Money is Decimal.
"""

from decimal import Decimal

from kernel.events import OrderRequested
from kernel.instrument import Instrument
from kernel.money import ZERO, add, from_units, multiply, quotient, round_down_to, round_up_to, subtract
from venues.matching.chance import DRAWS, draw
from venues.matching.closes import Closes
from venues.matching.working import Working
from venues.simulation import SimulatedVenueConfig

__all__ = ["Rules"]

_ONE = Decimal(1)
_HALF = Decimal("0.5")
_EIGHT_DECIMALS = Decimal("1E-8")
_NS_PER_MS = 1_000_000


class Rules:
    """See the module. `seed` is what chance is a function of.

    `factor`: integer prices per price unit of the candles. Rates are shares of the notional. `touches`: whether a price
    that only touches a limit may fill it.
    """

    def __init__(self, config: SimulatedVenueConfig, instrument: Instrument, seed: int) -> None:
        self.instrument = instrument
        self.config = config
        self._decimals = max(instrument.price_decimals, -int(instrument.tick.as_tuple().exponent))
        self.factor = int(10 ** (self._decimals - instrument.price_decimals))
        self._tick = self.units(instrument.tick)
        self._seed = seed
        self.taker_rate = instrument.fee_rate if config.fee_rate is None else config.fee_rate
        self.taker_factor = add(_ONE, self.taker_rate)
        self.maker_rate = self.taker_rate if config.maker_fee_rate is None else config.maker_fee_rate
        self.fee_asset = config.fee_asset if config.fee_asset != instrument.quote else ""
        self._fee_symbol = f"{config.fee_asset}/{instrument.quote}"
        self._slippage = add(config.slippage_rate, multiply(config.spread_rate, _HALF))
        self._impact = config.impact_rate
        self.slips = self._slippage > ZERO or self._impact > ZERO
        self.latency_ns = config.latency_ms * _NS_PER_MS
        self._jitter_ns = config.latency_jitter_ms * _NS_PER_MS
        self._touch = multiply(config.limit_touch_probability, Decimal(DRAWS))
        self.touches = config.limit_touch_probability > ZERO

    def price(self, units: int) -> Decimal:
        """An integer price as quote per base."""
        return from_units(units, self._decimals)

    def units(self, price: Decimal) -> int:
        """A price, which must be on the tick, as an integer."""
        return int(multiply(price, from_units(1, -self._decimals)))

    def trail_level(self, request: OrderRequested, best: int) -> int:
        """Where a trailing stop is triggered whose best price is `best`: on the tick that is further from it."""
        if request.trail is not None:
            distance, parts = request.trail.as_integer_ratio()
            distance *= 10**self._decimals
        else:
            distance, parts = (request.trail_rate or ZERO).as_integer_ratio()
            distance *= best
        step = parts * self._tick
        if request.side == "sell":
            return (best * parts - distance) // step * self._tick
        return -((-best * parts - distance) // step) * self._tick

    def slipped(self, side: str, price: Decimal, quantity: Decimal, volume: int) -> Decimal:
        """What a taker gets at a price of the market, on the tick that is worse. `volume` is the candle's."""
        share = self._slippage
        if volume and self._impact:
            share = add(share, multiply(self._impact, quotient(quantity, self._base(volume))))
        if not share:
            return price
        tick = self.instrument.tick
        if side == "buy":
            return round_up_to(tick, multiply(price, add(_ONE, share)))
        return max(tick, round_down_to(tick, multiply(price, subtract(_ONE, share))))

    def fee(
        self, side: str, quantity: Decimal, notional: Decimal, rate: Decimal, closes: Closes
    ) -> tuple[Decimal, str]:
        """The fee of a fill and the asset it is paid in; in quote where a named asset has no price yet."""
        instrument, asset = self.instrument, self.fee_asset
        if not asset or (asset == "received" and side == "sell"):
            return multiply(notional, rate), instrument.quote
        if asset == "received":
            return multiply(quantity, rate), instrument.base
        fee, price = multiply(notional, rate), closes.price(self._fee_symbol)
        if price is None:
            return fee, instrument.quote
        return quotient(round_up_to(multiply(price, _EIGHT_DECIMALS), fee), price), asset

    def budget(self, volume: int) -> Decimal | None:
        """The most that may be filled in a candle of this volume, in base; None is without end."""
        if self.config.volume_share is None:
            return None
        return round_down_to(self.instrument.lot, multiply(self.config.volume_share, self._base(volume)))

    def arrival(self, request: OrderRequested) -> int:
        """When a request reaches the venue (ns, UTC)."""
        arrival = request.ts + self.latency_ns
        return arrival + draw(self._seed, request.order) % (self._jitter_ns + 1) if self._jitter_ns else arrival

    def lucky(self, order: Working, open_time: int) -> bool:
        """Whether a limit is filled by the candle that only touches it."""
        return self.touches and Decimal(draw(self._seed, order.request.order, open_time)) < self._touch

    def _base(self, volume: int) -> Decimal:
        """A candle's volume in base."""
        return from_units(volume, self.instrument.volume_decimals)
