"""What an explanation says, and the parts of it that are read off a kernel, a candle or a log."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from kernel.instrument import Instrument
from kernel.kernel import Kernel
from kernel.levers import in_force
from kernel.messages import CandleClosed
from kernel.money import canonical_text, from_units
from kernel.portfolio import equity, is_priced
from kernel.risk.trading import trading_state
from kernel.timeframe import iso
from service.definition import RunDefinition
from service.log.record import Record, decoded
from service.trace import StepTrace

__all__ = ["Explanation", "Standing", "order_story", "shown", "standing_of", "why_absent"]


class Standing(msgspec.Struct, frozen=True):
    """How the strategy stood in the market before the candle was looked at: what it held, wanted and might send."""

    position: str
    direction: int
    trading_state: str
    live_orders: tuple[int, ...]
    equity: str
    currency: str


class Explanation(msgspec.Struct, frozen=True):
    """The answer. `seq` is the record that covers the candle; None for warm-up history that is not recorded.

    `reports` are what the venue said as it saw the candle, `forced` what was done without a decision (a time barrier, a
    protection), `orders` the stories of all orders that were requested, filled or ended on it.
    """

    seq: int | None
    strategy: str
    candle: dict[str, str]
    outcome: Literal["skipped", "ordered", "refused", "warmup"]
    reason: str | None
    standing: Standing
    steps: tuple[StepTrace, ...]
    reports: tuple[dict[str, Any], ...]
    forced: tuple[dict[str, Any], ...]
    orders: tuple[dict[str, Any], ...]


def standing_of(kernel: Kernel, strategy: str, symbol: str) -> Standing:
    """How a strategy stands in a market now."""
    state = kernel.state
    position = state.books[strategy].positions[symbol]
    worth = equity(state) if is_priced(state) else state.equity
    return Standing(
        position=canonical_text(position.quantity),
        direction=position.direction,
        trading_state=trading_state(state, strategy, symbol),
        live_orders=tuple(position.live),
        equity=canonical_text(worth),
        currency=state.account.currency,
    )


def why_absent(name: str, definition: RunDefinition, own: str) -> Literal["not_configured", "not_reached"]:
    """Why nothing was seen of the step `name` of the strategy `own`."""
    strategy = next(in_force(d.strategy) for d in definition.strategies if d.strategy.name == own)
    missing = {"CusumGate": strategy.gate is None, "FilterChain": not strategy.filters}
    return "not_configured" if missing.get(name) else "not_reached"


def order_story(recorded: Sequence[Record], order: int) -> dict[str, Any]:
    """An order's request and everything that was recorded about it, in order."""
    marks = [f'"order":{order}{end}'.encode() for end in ",}"]
    told = [(r.seq, decoded(r)) for r in recorded if any(mark in r.payload for mark in marks)]
    mine = [{"seq": seq} | msgspec.to_builtins(event) for seq, event in told if getattr(event, "order", 0) == order]
    return {"order": order, "records": mine}


def shown(candle: CandleClosed, instrument: Instrument) -> dict[str, str]:
    """A candle as a person reads it: in its own units, with its times."""
    prices = {name: getattr(candle, name) for name in ("open", "high", "low", "close")}
    return {
        "symbol": candle.symbol,
        "opened_at": iso(candle.open_time),
        "closed_at": iso(candle.ts),
        **{name: canonical_text(from_units(units, instrument.price_decimals)) for name, units in prices.items()},
        "volume": canonical_text(from_units(candle.volume, instrument.volume_decimals)),
    }
