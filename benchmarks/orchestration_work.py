"""The work that every way of orchestrating does: the same node bodies, the same decisions.

A candle updates every indicator, whatever the gate says: one that misses candles would be another indicator. Then come
CUSUM gate, enrichment (each indicator read: a node), feature engineering, inference, filters and execution. With one
indicator these are 6 nodes, with 145 they are 150. All bodies are plain functions; the compiled ways compile the
indicators' own.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from features_mix import mix

from kernel.features.declaration import feature
from kernel.features.engine import Memory, PlainEngine
from kernel.features.plan import Plan, make_plan
from kernel.instrument import Instrument
from kernel.messages import CandleClosed

MINUTE_NS = 60_000_000_000
OTHER_NODES = 5  # gate, feature engineering, inference, filters, execution
ENTRY = 0.05  # the score from which the filters let an entry pass
Decision = tuple[int, int, float]  # candle's open time, change of the target, score
Step = Callable[[CandleClosed], Decision | None]
Emit = tuple[Callable[..., float], int, int]


class Fit(NamedTuple):
    """What was fitted beforehand: per feature its centre, its scale and its weight."""

    centre: Sequence[float]
    scale: Sequence[float]
    weights: Sequence[float]


class Case(NamedTuple):
    """One strategy on one market, warmed up. The gate lets a candle pass whose `gate` value reaches `level`."""

    nodes: int
    plan: Plan
    traded: Instrument
    memory: Memory
    fit: Fit
    level: float

    def engine(self) -> PlainEngine:
        """Warm, in Python."""
        made = PlainEngine(self.plan, self.traded)
        made.remember(self.memory)
        return made

    def emits(self) -> list[Emit]:
        """The indicators' emit functions and where their states lie."""
        found = [self.plan.output(name) for name in self.plan.names]
        return [(output.emit, node.i, node.j) for node, output in found]


def make_plan_of(nodes: int, threshold: float) -> Plan:
    """One value a node, and the gate's, which is watched."""
    indicators = {}
    for declared in mix(2 * nodes):
        indicators.setdefault((declared.kind, tuple(declared.params.items())), declared)
    wanted = list(indicators.values())[: nodes - OTHER_NODES]
    declared = [*wanted, feature("gate", "cusum", threshold=threshold)]
    return make_plan(declared, [f.name for f in wanted], MINUTE_NS, watched=["gate"])


def make_case(nodes: int, traded: Instrument, warm: Sequence[CandleClosed], threshold: float, *, gated: bool) -> Case:
    """Warm every indicator up, and fit the rest on the second half of those candles."""
    plan = make_plan_of(nodes, threshold)
    engine = PlainEngine(plan, traded)
    seen = []
    for row, candle in enumerate(warm):
        engine.update(candle)
        if row >= len(warm) // 2:
            seen.append(list(engine.emit()))
    return Case(nodes, plan, traded, engine.memory(), fitted(seen), 1.0 if gated else 0.0)


def fitted(seen: Sequence[Sequence[float]]) -> Fit:
    centre, scale = [], []
    for column in zip(*seen, strict=True):
        there = [value for value in column if value - value == 0.0] or [0.0]
        centre.append(sum(there) / len(there))
        scale.append(sum(abs(value - centre[-1]) for value in there) / len(there) or 1.0)
    return Fit(centre, scale, [((7 * k) % 13 - 6) / len(centre) + 0.5 / len(centre) for k in range(len(centre))])


def engineered(values: Sequence[float], fit: Fit) -> list[float]:
    """Feature engineering: scaled, with nothing in the place of what is no number."""
    pairs = zip(values, fit.centre, fit.scale, strict=True)
    return [(value - centre) / scale if value - value == 0.0 else 0.0 for value, centre, scale in pairs]


def inferred(vector: Sequence[float], fit: Fit) -> float:
    """Inference: a linear model's score."""
    score = 0.0
    for x, weight in zip(vector, fit.weights, strict=True):
        score += x * weight
    return score


def admitted(score: float) -> bool:
    """Filters: is it sure enough."""
    return score >= ENTRY or score <= -ENTRY


class Account:
    """Execution: the target that is wanted now."""

    def __init__(self) -> None:
        self.target = 0

    def execute(self, candle: CandleClosed, score: float) -> Decision:
        """The change of the target; none is a decision too."""
        before, self.target = self.target, 1 if score > 0.0 else -1
        return (candle.open_time, self.target - before, score)


def bare(case: Case) -> Step:
    """No orchestrator: the bodies one after another, written down by hand."""
    engine, emits, fit, level = case.engine(), case.emits(), case.fit, case.level
    update, f, n, slot = engine.update, engine.f, engine.n, case.plan.watched["gate"]
    execute = Account().execute

    def step(candle: CandleClosed) -> Decision | None:
        update(candle)
        if f[slot] < level:
            return None
        values = []
        for emit, i, j in emits:
            values.append(emit(f, n, i, j))
        score = inferred(engineered(values, fit), fit)
        return execute(candle, score) if admitted(score) else None

    return step


def run(step: Step, candles: Sequence[CandleClosed]) -> list[Any]:
    """Every decision, in order."""
    return [decision for candle in candles if (decision := step(candle)) is not None]


def threshold_for(traded: Instrument, candles: Sequence[CandleClosed], share: float) -> float:
    """The gate's threshold at which this share of the candles is rejected, found by halving."""
    low, high = 0.0, 0.1
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if rejected(traded, candles, middle) < share else (low, middle)
    return high


def rejected(traded: Instrument, candles: Sequence[CandleClosed], threshold: float) -> float:
    """The share of the candles that a gate rejects."""
    declared = feature("gate", "cusum", threshold=threshold)
    engine = PlainEngine(make_plan([declared], [], MINUTE_NS, watched=["gate"]), traded)
    slot, shut = engine.plan.watched["gate"], 0
    for candle in candles:
        engine.update(candle)
        shut += engine.f[slot] != 1.0
    return shut / len(candles)
