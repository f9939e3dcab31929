"""Four ways through one plan, the same bits: row by row or by blocks, plain or compiled, whatever the candles are.

One plan has everything in it: chains, bars that read candles, bars that read bars, candles that read bars, another
market, a watched gate. It is compiled once. Any other plan that can be declared is drawn, and run uncompiled.
"""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import InvariantBroken
from kernel.features.catalogue.index import catalogue
from kernel.features.columns import Columns, floats_of
from kernel.features.declaration import feature
from kernel.features.engine import CompiledEngine, Engine, PlainEngine
from kernel.features.plan import make_plan
from kernel.indicators.kind import COLUMNS
from service.compiled import compiled, compiled_scan
from tests.campaign import sample
from tests.kernel.features.drawn import BTC, ETH, MINUTE, arrays, block_of, column, cut, declarations, gappy, seen_by

EVERYTHING = (
    feature("fast", "ema", period=2),
    feature("slow", "ema", period=4),
    feature("score", "zscore", period=3),
    feature("chained", "sma", "fast", period=3),
    feature("turnover", "sma", "volume", period=2),
    feature("top_5m", "highest", "high", period=2, timeframe="5m"),
    feature("fast_5m", "ema", period=2, timeframe="5m"),
    feature("volume_15m", "sma", "volume", period=1, timeframe="15m"),
    feature("minute_15m", "sma", "minute", period=1, timeframe="15m"),
    feature("candle_reads_bar", "ema", "fast_5m", period=2),
    feature("bar_reads_candle", "sma", "fast", period=2, timeframe="5m"),
    feature("bar_reads_shorter", "ema", "fast_5m", period=2, timeframe="15m"),
    feature("bar_reads_longer", "roc", "volume_15m", period=1, timeframe="5m"),
    feature("theirs", "sma", "ETH/USDT:close", period=2),
    feature("their_volume", "zscore", "ETH/USDT:volume", period=2),
    feature("theirs_5m", "ema", "ETH/USDT:close", period=1, timeframe="5m"),
    feature("gate", "cusum", "close", "fast_share", threshold=0.5, output="open"),
    feature("fast_share", "roc", "slow", period=1),
    feature("drift", "cusum", "close", "0.25", threshold=0.01, output="down"),
    feature("drift_up", "cusum", "close", "0.25", threshold=0.01, output="up"),
)
NAMES = tuple(f.name for f in EVERYTHING if f.name != "fast_share")  # it is read by another alone
PLAN = make_plan(EVERYTHING, NAMES, MINUTE, watched=("gate", "candle_reads_bar", "top_5m"))
OTHER = make_plan(EVERYTHING, ("slow",), MINUTE)
everything = settings(max_examples=sample(20))


@cache
def code():
    return compiled(PLAN.tables.calls)


def plain(plan, of, others):
    return PlainEngine(plan, of, others)


def by_code(plan, of, others):
    return CompiledEngine(plan, of, others, code=code()) if plan is PLAN else PlainEngine(plan, of, others)


def merged(candles, theirs, *, theirs_first):
    order = {BTC.symbol: theirs_first, ETH.symbol: not theirs_first}
    return sorted([*candles, *theirs], key=lambda c: (c.ts, order[c.symbol]))


class Run:
    """Engines of both markets; `rows` are the values after each candle of the first."""

    def __init__(self, make=plain, plan=PLAN):
        self.engines: dict[str, Engine] = {}
        self.engines[BTC.symbol] = make(plan, BTC, self.engines)
        self.engines[ETH.symbol] = make(OTHER, ETH, self.engines)
        self.rows, self.watched = [], []

    @property
    def engine(self):
        return self.engines[BTC.symbol]

    def feed(self, messages, after=lambda count: None):
        for count, message in enumerate(messages, 1):
            self.engines[message.symbol].update(message)
            if message.symbol == BTC.symbol:
                self.watched.append([self.engine.watched(slot) for slot in self.engine.plan.watched.values()])
                self.rows.append(list(self.engine.emit()))
            after(count)
        return self

    def feed_remembering(self, messages):
        """What must be equal of the first market's memory, after each of its candles; by their number."""
        memories = {}
        self.feed(messages, lambda count: memories.setdefault(len(self.rows), remembered(self.engine)))
        return memories

    @property
    def values(self):
        return np.array(self.rows).T


def bits(values):
    values = np.asarray(values, dtype=np.float64)
    return np.where(np.isnan(values), np.float64("nan"), values).view(np.int64).tolist()


def remembered(engine):
    """What of a memory must be equal: all but what every candle writes anew."""
    memory, plan = engine.memory(), engine.plan
    return bits(memory.floats[len(COLUMNS) : plan.outputs_at]), memory.ints, [standing(m) for m in memory.bars]


def standing(maker):
    """What a maker holds; of a bar that is not in the making, its end alone says something."""
    return maker if maker.making else (maker.length_ns, maker.ends)


def left(columns):
    """The same of columns."""
    f, n = columns.f[len(COLUMNS) : columns.plan.outputs_at], [int(x) for x in columns.n]
    return bits(f), n, [standing(m) for m in columns.makers.values()]


def columns_of(kind):
    if kind == "plain":
        return Columns(PLAN, BTC)
    return Columns(PLAN, BTC, scan=compiled_scan, arrays=arrays)


@everything
@given(gappy(least=40).flatmap(cut), gappy(ETH, least=20), st.booleans())
def test_rows_and_blocks_plain_and_compiled_give_the_same_bits(blocks, theirs, theirs_first):
    candles = [c for block in blocks for c in block]
    messages, run = merged(candles, theirs, theirs_first=theirs_first), Run()
    memories = run.feed_remembering(messages)
    fast = Run(by_code).feed(messages)
    assert bits(fast.values) == bits(run.values)
    assert bits(fast.watched) == bits(run.watched)
    assert remembered(fast.engine) == memories[len(candles)]

    for columns in (columns_of("plain"), columns_of("compiled")):
        row = 0
        for block in blocks:
            made = columns.advance(block_of(block), {ETH.symbol: seen_by(block, theirs, ETH)})
            assert bits(made) == bits(run.values[:, row : row + len(block)])
            kept = [columns.watched[slot] for slot in PLAN.watched.values()]
            assert bits(np.array(kept).T) == bits(run.watched[row : row + len(block)])
            row += len(block)
            assert left(columns) == memories[row]


@everything
@given(gappy(least=30).flatmap(cut), gappy(ETH))
def test_a_gate_leaves_out_values_and_nothing_else(blocks, theirs):
    free, gated = columns_of("plain"), columns_of("compiled")
    for block in blocks:
        seen = {ETH.symbol: seen_by(block, theirs, ETH)}
        values = free.advance(block_of(block), seen)
        some = gated.advance(block_of(block), seen, gate="gate")
        opened = values[NAMES.index("gate")] == 1.0
        assert bits(some[:, opened]) == bits(values[:, opened])
        assert np.isnan(some[NAMES.index("score"), ~opened]).all()
        assert bits(some[NAMES.index("gate")]) == bits(values[NAMES.index("gate")])
        assert left(gated) == left(free)


@everything
@given(
    gappy(least=30),
    gappy(ETH, least=20),
    st.lists(st.sampled_from(["", "", "plain", "compiled"]), min_size=1, max_size=12),
)
def test_memory_passes_between_plain_and_compiled_after_any_candle(candles, theirs, changes):
    messages = merged(candles, theirs, theirs_first=True)
    run, changing = Run().feed(messages), Run()

    def change(count):
        to = changes[count % len(changes)]
        if to:
            for symbol, engine in list(changing.engines.items()):
                make = plain if to == "plain" else by_code
                fresh = make(engine.plan, BTC if symbol == BTC.symbol else ETH, changing.engines)
                fresh.remember(engine.memory())
                changing.engines[symbol] = fresh

    changing.feed(messages, change)
    assert bits(changing.values) == bits(run.values)
    assert bits(changing.watched) == bits(run.watched)


@given(gappy(least=8), gappy(ETH), st.booleans())
def test_a_memory_is_a_copy_that_neither_side_changes(candles, theirs, compiled_one):
    messages = merged(candles, theirs, theirs_first=True)
    half = len(messages) // 2
    run = Run(by_code if compiled_one else plain).feed(messages[:half])
    memory = run.engine.memory()
    before = repr(memory)
    heir = Run()
    heir.engine.remember(memory)
    run.feed(messages[half:])
    heir.feed(messages[half:])
    assert repr(memory) == before


@everything
@given(declarations(), gappy(least=20).flatmap(cut), gappy(ETH, least=10), st.booleans(), st.data())
def test_any_plan_gives_the_same_bits_by_rows_and_by_blocks(declared, blocks, theirs, theirs_first, data):
    names = [f.name for f in declared]
    wanted = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
    watched = data.draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    plan = make_plan(declared, wanted, MINUTE, watched=watched)
    candles = [c for block in blocks for c in block]
    run = Run(plan=plan)
    memories = run.feed_remembering(merged(candles, theirs, theirs_first=theirs_first))
    columns, row = Columns(plan, BTC), 0
    for block in blocks:
        made = columns.advance(block_of(block), {ETH.symbol: seen_by(block, theirs, ETH)})
        assert bits(made) == bits(run.values[:, row : row + len(block)])
        row += len(block)
        assert left(columns) == memories[row]


@given(declarations(symbols=(), most=4), gappy(most=25))
def test_an_engine_that_nobody_else_reads_is_no_different(declared, candles):
    plan = make_plan(declared, [f.name for f in declared], MINUTE)
    alone = PlainEngine(plan, BTC)
    rows = []
    for candle in candles:
        alone.update(candle)
        rows.append(list(alone.emit()))
        assert bits([alone.all_outputs(f.name)[f.output] for f in declared]) == bits(rows[-1])
    assert bits(rows) == bits(Run(plan=plan).feed(candles).rows)


@settings(max_examples=sample(2))
@given(gappy(least=70, most=200).flatmap(cut))
def test_the_whole_catalogue_gives_the_same_bits_by_rows_and_by_blocks(blocks):
    plan = make_plan(catalogue(), [f.name for f in catalogue()], MINUTE)
    symbols = {s.symbol for s in plan.sources if s.symbol}
    candles = [c for block in blocks for c in block]
    engines: dict[str, Engine] = {symbol: PlainEngine(OTHER, BTC, {}) for symbol in symbols}
    engine, rows = PlainEngine(plan, BTC, engines), []
    for candle in candles:
        engine.update(candle)
        rows.append(list(engine.emit()))
    columns = Columns(plan, BTC)
    nothing = {symbol: list(np.full((len(COLUMNS), len(candles)), np.nan)) for symbol in symbols}
    made = [columns.advance(block_of(b), {s: [c[: len(b)] for c in nothing[s]] for s in symbols}) for b in blocks]
    assert bits(np.hstack(made)) == bits(np.array(rows).T)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=50), st.lists(st.integers()), st.integers(0, 18))
def test_scaled_integers_become_floats_rounded_once(units, wider, decimals):
    for values in (units, units + wider):
        assert bits(floats_of(column(values), 10**decimals)) == bits([value / 10**decimals for value in values])


def test_a_plan_that_reads_another_market_needs_its_engine():
    with pytest.raises(InvariantBroken):
        PlainEngine(PLAN, BTC)
