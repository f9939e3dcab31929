"""Two step loops: the one of the decision dossier, and ours over each engine; and ours over columns."""

from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any

from orchestration_work import Account, Case, Decision, Emit, Fit, Step, admitted, engineered, inferred

from kernel.features.engine import Engine
from kernel.messages import CandleClosed


class SkipReason:
    """Why a candle ended."""


SKIPPED = SkipReason()


class CandleContext:
    """What the steps hand to each other."""

    def __init__(self) -> None:
        self.candle: Any = None
        self.values: list[float] = []
        self.vector: Sequence[float] = ()
        self.score = 0.0
        self.decision: Decision | None = None
        self.timings: dict[str, int] = {}


class Gate:
    name = "gate"

    def __init__(self, read: Callable[[], float], level: float) -> None:
        self.read, self.level = read, level

    def process(self, context: CandleContext) -> CandleContext | SkipReason:
        return SKIPPED if self.read() < self.level else context


class EnrichOne:
    """One indicator, a step of its own."""

    def __init__(self, name: str, engine: Engine, emit: Emit) -> None:
        self.name, self.f, self.n = name, engine.f, engine.n
        self.emit, self.i, self.j = emit

    def process(self, context: CandleContext) -> CandleContext | SkipReason:
        context.values.append(self.emit(self.f, self.n, self.i, self.j))
        return context


class EnrichAll:
    """All indicators: the engine reads them."""

    name = "enrichment"

    def __init__(self, engine: Engine) -> None:
        self.emit = engine.emit

    def process(self, context: CandleContext) -> CandleContext | SkipReason:
        context.values = self.emit()
        return context


class FeatureEngineering:
    name = "features"

    def __init__(self, fit: Fit) -> None:
        self.fit = fit

    def process(self, context: CandleContext) -> CandleContext | SkipReason:
        context.vector = engineered(context.values, self.fit)
        return context


class Inference:
    name = "inference"

    def __init__(self, fit: Fit) -> None:
        self.fit = fit

    def process(self, context: CandleContext) -> CandleContext | SkipReason:
        context.score = inferred(context.vector, self.fit)
        return context


class FilterChain:
    name = "filters"

    def process(self, context: CandleContext) -> CandleContext | SkipReason:
        return context if admitted(context.score) else SKIPPED


class Execution:
    name = "execution"

    def __init__(self) -> None:
        self.execute = Account().execute

    def process(self, context: CandleContext) -> CandleContext | SkipReason:
        context.decision = self.execute(context.candle, context.score)
        return context


def dossier(case: Case) -> Step:
    """The dossier's CandlePipeline: every node a step, two clock readings and an isinstance a step, times in a dict."""
    engine, slot = case.engine(), case.plan.watched["gate"]
    reads = [EnrichOne(f"enrich_{k}", engine, emit) for k, emit in enumerate(case.emits())]
    gate = Gate(lambda: engine.f[slot], case.level)
    steps: Any = [gate, *reads, FeatureEngineering(case.fit), Inference(case.fit), FilterChain(), Execution()]
    update = engine.update

    def step(candle: CandleClosed) -> Decision | None:
        update(candle)
        context = CandleContext()
        context.candle = candle
        for each in steps:
            started = perf_counter_ns()
            outcome = each.process(context)
            context.timings[each.name] = perf_counter_ns() - started
            if isinstance(outcome, SkipReason):
                return None
        return context.decision

    return step


def ours(case: Case, engine: Engine) -> Step:
    """The loop of kernel/pipeline.py: six step objects, one context, no clock."""
    slot = case.plan.watched["gate"]
    gate, context = Gate(lambda: engine.watched(slot), case.level), CandleContext()
    parts: Any = (
        gate, EnrichAll(engine), FeatureEngineering(case.fit), Inference(case.fit), FilterChain(), Execution(),
    )  # fmt: skip
    calls, update = tuple(part.process for part in parts), engine.update

    def step(candle: CandleClosed) -> Decision | None:
        update(candle)
        context.candle = candle
        for call in calls:
            if call(context) is not context:
                return None
        return context.decision

    return step


def plain(case: Case) -> Step:
    return ours(case, case.engine())


def compiled(case: Case) -> Step:
    from kernel.features.engine import CompiledEngine
    from service.compiled import compiled as compile_calls

    engine = CompiledEngine(case.plan, case.traded, code=compile_calls(case.plan.tables.calls))
    engine.remember(case.memory)
    return ours(case, engine)


def columns(case: Case, candles: Sequence[CandleClosed]) -> Callable[[], list[Decision]]:
    """All candles as one block; the four last steps where the gate is open."""
    from features_work import block_of, columns_of

    scan = columns_of(case.plan, case.traded)
    scan.f, scan.n = scan_arrays(case)
    block, fit, slot = block_of(candles), case.fit, case.plan.watched["gate"]

    def whole() -> list[Decision]:
        values = scan.advance(block, gate="gate" if case.level else "")
        execute, found = Account().execute, []
        rows = (scan.watched[slot] >= case.level).nonzero()[0].tolist()
        for row, read in zip(rows, values[:, rows].T.tolist(), strict=True):
            score = inferred(engineered(read, fit), fit)
            if admitted(score):
                found.append(execute(candles[row], score))
        return found

    return whole


def scan_arrays(case: Case) -> tuple[Any, Any]:
    """The warm state, for columns."""
    from service.compiled import compiled as compile_calls

    return compile_calls(case.plan.tables.calls).arrays(case.memory.floats, case.memory.ints)
