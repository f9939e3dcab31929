"""Runs that hypothesis draws: every kind of order, exit, size, limit, protection, account and venue."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from kernel.blueprint import RiskConfig
from kernel.brackets import Entry, Exits
from kernel.features.declaration import feature
from kernel.limits import Limits
from kernel.models.breakout import Breakout
from kernel.models.cross import Cross
from kernel.models.mean_reversion import MeanReversion
from kernel.models.rotation import Rotation
from kernel.models.rule import PythonRule
from kernel.risk.protections import DailyLoss, Drawdown, ExitCooldown, LosingStreak, VolatilitySpike
from kernel.sizing import CappedKelly, FixedFraction, FixedNotional, VolatilityTarget
from kernel.strategy import Cooldown, Gate, MinConfidence
from tests.kernel.given import BTC, MINUTE, OBEY, account, strategy
from tests.service.both_ways import Setup
from tests.service.drawn_markets import MARKETS, START, Inside, candles_of, made_of, rows, walks
from venues.simulation import SimulatedVenueConfig


def maybe(*values):
    """One of some decimals or nothing, nothing being what shrinks are made of."""
    return st.sampled_from([None, None, *(Decimal(value) for value in values)])


RANGE = feature("range", "atr", period=3)
SPREAD = feature("spread", "stddev", "change", period=4)
CHANGE = feature("change", "roc", period=1)
FEATURES = {
    "cross": [feature("fast", "ema", period=2), feature("slow", "ema", period=4)],
    "reversion": [feature("score", "zscore", period=4)],
    "breakout": [
        feature("price", "sma", period=1),
        feature("highest", "highest", "high", period=4), feature("lowest", "lowest", "low", period=4),
        feature("top", "lag", "highest", period=1), feature("bottom", "lag", "lowest", period=1),
    ],
    "rotation": [feature("score", "roc", period=2)],
    "rule": [],
}  # fmt: skip


@st.composite
def models(draw, kind):
    if kind == "cross":
        return Cross("fast", "slow")
    if kind == "reversion":
        return MeanReversion("score", entry=0.7, exit=0.1)
    if kind == "breakout":
        return Breakout("price", "top", "bottom", both_sides=draw(st.booleans()))
    if kind == "rotation":
        at_least = draw(st.sampled_from([0.0, -1.0, 0.01]))
        return Rotation("score", draw(st.integers(1, 2)), at_least, draw(st.sampled_from([1, 1, 3])))
    return draw(st.sampled_from([OBEY, PythonRule("given.py:Contrary"), PythonRule("given.py:Forgetful")]))


@st.composite
def exits(draw):
    unit = draw(st.sampled_from(["", "", "", "range"]))
    shares = ("1", "2.5", "8") if unit else ("0.0005", "0.004", "0.02", "0.2")
    distance = maybe(*shares)
    stop, trail = draw(distance), draw(distance)
    return Exits(
        stop_loss=stop,
        stop_limit=draw(maybe("0.0002", "0.01")) if stop else None,
        take_profit=draw(distance),
        target=draw(st.sampled_from(["limit", "take_profit"])),
        trailing_stop=trail,
        trailing_amount=None if trail else draw(maybe("0.5", "4")),
        break_even=draw(distance) if stop else None,
        minutes=draw(st.sampled_from([0, 0, 1, 4, 30])),
        unit=unit,
        reenter=draw(st.sampled_from(["at_once", "new_signal"])),
    )


@st.composite
def entries(draw):
    kind = draw(st.sampled_from(["market", "market", "limit", "limit", "stop_market", "stop_limit"]))
    force = draw(st.sampled_from(["gtc", "gtc", "gtd", "day", "ioc", "fok"]))
    return Entry(
        kind=kind,
        offset=Decimal(draw(st.sampled_from(["0", "0.0004", "0.003", "0.02"]))),
        limit_offset=Decimal(draw(st.sampled_from(["0", "0.001"]))),
        time_in_force=force,
        minutes=draw(st.sampled_from([1, 3, 10])) if force == "gtd" else 0,
        post_only=kind == "limit" and force not in ("ioc", "fok") and draw(st.booleans()),
    )


limits = st.builds(
    Limits,
    max_position=maybe("1.2", "3"), max_order_notional=maybe("700"), max_gross_exposure=maybe("900", "3000"),
    max_leverage=maybe("0.9"), max_open_orders=st.sampled_from([None, None, 2, 5]),
    max_orders_per_minute=st.sampled_from([None, None, 3]), price_band=maybe("0.01"),
)  # fmt: skip
NO_LIMITS = st.just(Limits())
sizings = st.sampled_from([
    None, None, FixedNotional(Decimal(400)), FixedFraction(Decimal("0.5")), FixedFraction(Decimal("0.95")),
    VolatilityTarget(Decimal("0.002"), "spread"), CappedKelly(Decimal("1.5")),
])  # fmt: skip


EVEN = Exits(stop_loss=Decimal("0.2"), break_even=Decimal("0.004"))


@st.composite
def quiet(draw, name, kinds):
    """A strategy of market orders, most of whose candles say nothing: what wakes the kernel is its own affair."""
    kind = draw(st.sampled_from([kind for kind in kinds if kind != "rule"]))
    size, exits = draw(st.sampled_from([None, FixedFraction(Decimal("0.4"))])), draw(st.sampled_from([Exits(), EVEN]))
    return strategy(draw(models(kind)), FEATURES[kind], name=name, quantity="0.4", sizing=size, exits=exits)


@st.composite
def strategies(draw, name, symbols: Sequence[str], kinds):
    kind = draw(st.sampled_from(list(kinds)))
    gated = kind != "rotation" and draw(st.integers(0, 3)) == 0
    filters = draw(st.sampled_from([(), (), (Cooldown(3),), (MinConfidence(0.2), Cooldown(2))]))
    return strategy(
        draw(models(kind)), [*FEATURES[kind], RANGE, SPREAD, CHANGE],
        name=name, quantity=draw(st.sampled_from(["1", "0.4"])), sizing=draw(sizings), entry=draw(entries()),
        gate=Gate(0.001) if gated else None, filters=filters, exits=draw(exits()),
        limits=draw(st.one_of(NO_LIMITS, NO_LIMITS, NO_LIMITS, limits)),
        symbols=draw(st.sampled_from([(), (), tuple(symbols[:1]), tuple(symbols[-1:])])),
    )  # fmt: skip


_actions = st.sampled_from(["block", "reduce", "flatten"])
_pauses = st.sampled_from([0, 2, 15])
_rates = st.sampled_from([Decimal("0.0003"), Decimal("0.004"), Decimal("0.03")])
on_equity = st.one_of(st.builds(DailyLoss, _rates, _actions), st.builds(Drawdown, _rates, _actions, _pauses))
protections = st.lists(
    st.one_of(
        on_equity,
        st.builds(LosingStreak, st.integers(1, 2), _actions, _pauses),
        st.builds(ExitCooldown, st.sampled_from([1, 5]), st.sampled_from(["any", "loss"])),
        st.builds(VolatilitySpike, _rates, _actions, _pauses),
    ),
    max_size=3,
)


@st.composite
def accounts(draw, instruments):
    balances = {"USDT": Decimal(draw(st.sampled_from([1_000_000, 3_000, 3_000, 700])))}
    for own in instruments:
        if draw(st.integers(0, 5)) == 0:
            balances[own.base] = Decimal(draw(st.sampled_from(["0.5", "4", "0"])))
    kind = draw(st.sampled_from(["cash", "margin"]))
    return account(instruments, balances=balances, kind=kind, leverage=Decimal(3 if kind == "margin" else 1))


venues = st.builds(
    SimulatedVenueConfig,
    fill=st.sampled_from(["next_open", "same_close"]),
    fee_rate=maybe("0", "0.0004"), maker_fee_rate=maybe("0", "0.0002"),
    fee_asset=st.sampled_from(["", "", "received", "BTC"]),
    slippage_rate=st.sampled_from([Decimal(0), Decimal("0.0003")]),
    spread_rate=st.sampled_from([Decimal(0), Decimal("0.0003")]),
    impact_rate=st.sampled_from([Decimal(0), Decimal(0), Decimal("0.1")]),
    volume_share=maybe("0.1", "0.7"),
    latency_ms=st.sampled_from([0, 0, 0, 250, 60_000, 150_000]),
    latency_jitter_ms=st.sampled_from([0, 0, 0, 40_000]),
    path=st.sampled_from(["worst", "best", "open_high_low_close", "open_low_high_close"]),
    limit_touch_probability=st.sampled_from([Decimal(0), Decimal("0.5")]),
)  # fmt: skip


ANY = ("cross", "reversion", "breakout", "rule")


@st.composite
def markets_of(draw, count, *, history=False):
    """The market side of a run: candles, some of them absent, some of five minutes, some of them history."""
    instruments = MARKETS[:count]
    lengths = [MINUTE, *(draw(st.sampled_from([MINUTE, MINUTE, 5 * MINUTE])) for _ in instruments[1:])]
    begins = START + draw(st.integers(1, 12)) * MINUTE if history else 0
    holes = st.frozensets(st.integers(0, 50), max_size=6)
    every = [
        candles_of(draw(walks), own, length_ns=length, absent=draw(holes), history=begins)
        for own, length in zip(instruments, lengths, strict=True)
    ]
    return Setup((), every, instruments, lengths, draw(accounts(instruments)), seed=draw(st.integers(0, 3)))


@st.composite
def setups(draw, *, markets=1, strategies_of=1, kinds=ANY, history=False):
    """A whole run. Later strategies may be of other kinds too."""
    symbols = [own.symbol for own in MARKETS[:markets]]
    of = tuple(
        draw(strategies(f"s{number}", symbols, kinds if number == 0 else (*kinds, "cross", "breakout")))
        for number in range(strategies_of)
    )
    risk = RiskConfig(draw(st.one_of(NO_LIMITS, NO_LIMITS, limits)), tuple(draw(st.one_of(st.just([]), protections))))
    return replace(draw(markets_of(markets, history=history)), of=of, risk=risk, venue=draw(venues))


@st.composite
def detailed(draw):
    """A run in two markets, of which the first has candles of twenty seconds inside its minutes."""
    setup = draw(setups(markets=2))
    drawn = draw(st.lists(rows, min_size=60, max_size=150))
    fine = candles_of(drawn, BTC, length_ns=MINUTE // 3, absent=draw(st.frozensets(st.integers(0, 100), max_size=6)))
    return replace(setup, markets=[made_of(fine), setup.markets[1]], detail=Inside("BTC/USDT", fine))


@st.composite
def quiet_setups(draw, *, markets=2, strategies_of=1, kinds=ANY, protected=True):
    """A run in which little happens, under protections that look at the account's worth."""
    of = tuple(draw(quiet(f"s{number}", kinds)) for number in range(strategies_of))
    guarded = draw(st.lists(on_equity, min_size=1, max_size=2)) if protected else []
    venue = SimulatedVenueConfig(draw(st.sampled_from(["next_open", "same_close"])), fee_rate=draw(maybe("0")))
    return replace(draw(markets_of(markets)), of=of, risk=RiskConfig(Limits(), tuple(guarded)), venue=venue)


cuts = st.lists(st.integers(0, 80).map(lambda minute: START + minute * MINUTE), max_size=3)
