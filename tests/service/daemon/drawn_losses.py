"""Runs in which a fill sets off requests amid a candle: what one strategy loses has everybody's positions closed."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from kernel.blueprint import RiskConfig
from kernel.brackets import Exits
from kernel.limits import Limits
from kernel.risk.protections import LosingStreak
from tests.kernel.given import BTC, ETH, OBEY, account, strategy
from tests.service.drawn_setups import FEATURES, markets_of, models
from venues.simulation import SimulatedVenueConfig

TIGHT = Exits(stop_loss=Decimal("0.0005"), take_profit=Decimal("0.004"))


@st.composite
def losses(draw):
    """Two strategies in each of two markets, with tight stops; the first loss flattens the whole account."""
    of = tuple(
        strategy(draw(models("breakout")), FEATURES["breakout"], name=f"s{place}", exits=exits, quantity="0.4")
        for place, exits in enumerate([TIGHT, TIGHT, Exits()])
    ) + (strategy(OBEY, name="s3", exits=TIGHT),)
    flatten = LosingStreak(1, "flatten", draw(st.sampled_from([1, 2, 5])))
    venue = SimulatedVenueConfig(latency_ms=draw(st.sampled_from([0, 0, 250])))
    margin = account((BTC, ETH), kind="margin", leverage=Decimal(3))
    setup = draw(markets_of(2))
    return replace(setup, of=of, risk=RiskConfig(Limits(), (flatten,)), venue=venue, account=margin)
