"""FilterChain: reasons not to enter, each its own small filter. Leaving a position is never held back."""

from collections.abc import Callable, Sequence

from kernel.context import CandleContext, Outcome
from kernel.errors import InvariantBroken
from kernel.skip import SkipReason
from kernel.strategy import Cooldown, Filter, MinConfidence, Session
from kernel.timeframe import DAY_NS

__all__ = ["FilterChain"]

Check = Callable[[CandleContext], SkipReason | None]
_HOUR_NS = DAY_NS // 24


class FilterChain:
    """Runs the configured filters in order; the first that objects ends the candle.

    Halts: LOW_CONFIDENCE, COOLING_DOWN, OUTSIDE_SESSION.
    """

    name = "FilterChain"

    def __init__(self, filters: Sequence[Filter]) -> None:
        self._checks = [_MAKERS[type(f)](f) for f in filters]

    def __call__(self, context: CandleContext) -> Outcome:
        """Let an exit pass; ask every filter about an entry."""
        prediction = context.prediction
        if prediction is None:
            raise InvariantBroken("FilterChain runs after Inference, and there is no prediction")
        if prediction.direction == 0:
            return context
        for check in self._checks:
            objection = check(context)
            if objection is not None:
                return objection
        return context


def _min_confidence(config: MinConfidence) -> Check:
    def check(context: CandleContext) -> SkipReason | None:
        prediction = context.prediction
        sure = prediction is not None and prediction.confidence >= config.at_least
        return None if sure else SkipReason.LOW_CONFIDENCE

    return check


def _cooldown(config: Cooldown) -> Check:
    def check(context: CandleContext) -> SkipReason | None:
        decided_at = context.position.decided_at
        rested = decided_at == 0 or context.state.ordinal - decided_at > config.candles
        return None if rested else SkipReason.COOLING_DOWN

    return check


def _session(config: Session) -> Check:
    start, end = config.from_hour, config.to_hour

    def check(context: CandleContext) -> SkipReason | None:
        hour = context.market.open_time % DAY_NS // _HOUR_NS
        inside = start <= hour < end if start <= end else hour >= start or hour < end
        return None if inside else SkipReason.OUTSIDE_SESSION

    return check


_MAKERS: dict[type, Callable[..., Check]] = {MinConfidence: _min_confidence, Cooldown: _cooldown, Session: _session}
