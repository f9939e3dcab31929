"""Execution: a decision becomes a target position, and the target, through risk, orders."""

from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from struct import pack

from kernel.brackets import Intent, bracket, entry_order
from kernel.closing import cancels, exit_order, has_exit, is_leaving
from kernel.context import CandleContext, Outcome
from kernel.errors import InvariantBroken
from kernel.events import DecisionMade, Event, OrderRequested, RiskRefused
from kernel.models.prediction import Prediction
from kernel.money import ZERO, canonical_text, from_units, multiply, negative, round_down_to, subtract
from kernel.portfolio import equity, is_priced, price_of, side_of
from kernel.risk.approve import Approved, Refusal, Risk, Wish
from kernel.risk.trading import trading_state
from kernel.sizing import Stake, VolatilityTarget, quantity_of
from kernel.skip import SkipReason
from kernel.strategy import Strategy

__all__ = ["Execution"]


class Execution:
    """Wants `direction` times the strategy's size, and asks risk for it. What it leaves, it leaves at the market.

    `measures`: by feature, the place of its value among those that Enrichment reads.
    Gives: `events`: DecisionMade, then what is canceled and ordered, or RiskRefused.
    Halts: TRADING_HALTED, ENTRIES_BLOCKED, AWAITING_EXIT.
    """

    name = "Execution"

    def __init__(self, strategy: Strategy, model_hash: str, risk: Risk, measures: Sequence[str]) -> None:
        self._strategy = strategy
        self._model_hash = model_hash
        self._risk = risk
        self._exits = strategy.exits
        self._is_guarded = strategy.exits.has_stop or strategy.exits.take_profit is not None
        self._entry = strategy.execution.entry
        self._sizing = strategy.execution.sizing
        self._quantity = strategy.execution.quantity
        self._unit = _place(measures, strategy.exits.unit)
        volatility = self._sizing.volatility if isinstance(self._sizing, VolatilityTarget) else ""
        self._volatility = _place(measures, volatility)

    def __call__(self, context: CandleContext) -> Outcome:
        """Turn the prediction into events."""
        prediction = context.prediction
        if prediction is None:
            raise InvariantBroken("Execution runs after Inference, and there is no prediction")
        state, position, enters = context.state, context.position, prediction.direction != 0
        if state.halts:
            standing = trading_state(state, self._strategy.name, context.market.instrument.symbol)
            if standing == "halted":
                return SkipReason.TRADING_HALTED
            if enters and standing == "reducing":
                return SkipReason.ENTRIES_BLOCKED
        if position.live and enters and is_leaving(state, position):
            return SkipReason.AWAITING_EXIT
        target = self._target(context, prediction)
        decision = DecisionMade(
            ts=context.ts,
            strategy=self._strategy.name,
            symbol=context.market.instrument.symbol,
            candle=state.ordinal,
            model=self._model_hash,
            direction=prediction.direction,
            confidence=prediction.confidence,
            features_digest=sha256(pack(f"<{len(context.features)}d", *context.features)).hexdigest(),
            target=target,
        )
        context.events = (decision, *self._orders(context, decision))
        return context

    def _target(self, context: CandleContext, prediction: Prediction) -> Decimal:
        """The wanted position in base units, signed, in whole lots where it is not a fixed quantity."""
        if prediction.direction == 0:
            return ZERO
        size = self._quantity
        if size is None:
            size = self._size(context, prediction.confidence)
        return size if prediction.direction > 0 else negative(size)

    def _size(self, context: CandleContext, confidence: float) -> Decimal:
        instrument = context.market.instrument
        rate = price_of(context.state, instrument.quote)
        if self._sizing is None or rate is None or not is_priced(context.state):
            return ZERO
        price = multiply(from_units(context.market.last, instrument.price_decimals), rate)
        volatility = context.values[self._volatility] if self._volatility >= 0 else 0.0
        stake = Stake(equity(context.state), price, confidence, volatility)
        return round_down_to(instrument.lot, quantity_of(self._sizing, stake))

    def _orders(self, context: CandleContext, decision: DecisionMade) -> Sequence[Event]:
        """What leads to the target: orders are canceled, what is held on another side is closed, the new one opened."""
        state, position, instrument = context.state, context.position, context.market.instrument
        canceled = cancels(state, position, decision.ts, "exit") if position.live else ()
        side = side_of(instrument, position.quantity)
        closing: tuple[Event, ...] = ()
        number = state.orders_requested + 1
        if side and side != decision.direction and not has_exit(state, position):
            left = exit_order(state, position, instrument, decision, number, "exit")
            if isinstance(left, Refusal):
                return (*canceled, self._refused(decision, left))
            closing = (left,)
        waits = any(not state.orders[n].request.parent for n in position.live)
        if decision.direction == 0 or waits:  # what still rests must have ended before there is another entry
            return (*canceled, *closing)
        return (*canceled, *closing, *self._open(context, decision, closing, number + len(closing)))

    def _open(
        self, context: CandleContext, decision: DecisionMade, closing: Sequence[Event], number: int
    ) -> Sequence[Event]:
        """The entry with its guards, or the refusal of it."""
        instrument = context.market.instrument
        unit = context.values[self._unit] if self._unit >= 0 else 0.0
        close = from_units(context.market.last, instrument.price_decimals)
        intent = Intent(
            decision.ts, decision.strategy, decision.candle, number, "buy" if decision.direction > 0 else "sell",
            decision.target.copy_abs(), close, unit,
        )  # fmt: skip
        try:
            entry = entry_order(self._entry, instrument, intent)
            guards = bracket(self._exits, instrument, intent, entry) if self._is_guarded else ()
        except ValueError as error:
            return (self._refused(decision, Refusal("no_exit_price", str(error))),)
        prices = [price for order in (entry, *guards) for price in (order.price, order.trigger) if price is not None]
        wish = Wish(
            decision.ts, decision.strategy, decision.symbol, decision.target, entry.price or entry.trigger, prices,
            1 + len(guards) + len(closing),
        )  # fmt: skip
        judged = self._risk.approve(context.state, wish)
        if not isinstance(judged, Approved):
            return (self._refused(decision, judged),)
        if (judged.change > ZERO) != (decision.direction > 0):
            held = canonical_text(context.position.quantity)
            return (self._refused(decision, Refusal("smaller_than_held", f"{held} is held, and could not be sold")),)
        quantity = judged.change.copy_abs()
        for order in closing:
            quantity = subtract(quantity, order.quantity)  # type: ignore[union-attr]
        if quantity <= ZERO:
            return ()
        return [_sized(order, quantity) for order in (entry, *guards)]

    def _refused(self, decision: DecisionMade, refusal: Refusal) -> RiskRefused:
        return RiskRefused(
            ts=decision.ts,
            strategy=decision.strategy,
            symbol=decision.symbol,
            candle=decision.candle,
            target=decision.target,
            reason=refusal.reason,
            detail=refusal.detail,
        )


def _sized(order: OrderRequested, quantity: Decimal) -> OrderRequested:
    if order.quantity == quantity:
        return order
    fields = {name: getattr(order, name) for name in order.__struct_fields__}
    return OrderRequested(**fields | {"quantity": quantity})


def _place(measures: Sequence[str], name: str) -> int:
    return measures.index(name) if name else -1
