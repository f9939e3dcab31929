"""Execution: a decision becomes a target, and the target, through risk, an order."""

from decimal import Decimal
from hashlib import sha256
from struct import pack

from kernel.context import CandleContext, Outcome
from kernel.errors import InvariantBroken
from kernel.events import DecisionMade, OrderRequested, RiskRefused
from kernel.money import ZERO, multiply
from kernel.risk import Approved, approve

__all__ = ["Execution"]


class Execution:
    """Wants `direction * quantity` base units, and asks risk for it.

    Gives: `events`: DecisionMade, then OrderRequested or RiskRefused.  Halts: never.
    """

    name = "Execution"

    def __init__(self, strategy: str, model_hash: str, quantity: Decimal) -> None:
        self._strategy = strategy
        self._model_hash = model_hash
        self._targets = {side: multiply(Decimal(side), quantity) for side in (-1, 0, 1)}

    def __call__(self, context: CandleContext) -> Outcome:
        """Turn the prediction into events."""
        prediction = context.prediction
        if prediction is None:
            raise InvariantBroken("Execution runs after Inference, and there is no prediction")
        state, market, candle = context.state, context.market, context.candle
        target = self._targets[prediction.direction]
        decision = DecisionMade(
            ts=candle.ts,
            strategy=self._strategy,
            symbol=candle.symbol,
            candle=state.ordinal,
            model=self._model_hash,
            direction=prediction.direction,
            confidence=prediction.confidence,
            features_digest=sha256(pack(f"<{len(context.features)}d", *context.features)).hexdigest(),
            target=target,
        )
        judged = approve(state, market, target)
        if isinstance(judged, Approved):
            order = OrderRequested(
                ts=candle.ts,
                strategy=self._strategy,
                symbol=candle.symbol,
                candle=state.ordinal,
                order=state.orders_requested + 1,
                side="buy" if judged.change > ZERO else "sell",
                kind="market",
                quantity=judged.change.copy_abs(),
            )
            context.events = (decision, order)
        else:
            refused = RiskRefused(
                ts=candle.ts,
                strategy=self._strategy,
                symbol=candle.symbol,
                candle=state.ordinal,
                target=target,
                reason=judged.reason,
                detail=judged.detail,
            )
            context.events = (decision, refused)
        return context
