"""Plans: every node once, inputs first, everything in its place, and warm-ups neither too short nor too long."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ConfigError
from kernel.features.block import Block
from kernel.features.catalogue.index import catalogue
from kernel.features.columns import Columns
from kernel.features.declaration import Feature, feature
from kernel.features.plan import make_plan
from kernel.features.resolve import needed
from kernel.features.tables import Work
from kernel.indicators.kind import COLUMNS
from kernel.timeframe import timeframe_ns
from service.compiled import compiled_scan
from tests.kernel.features.drawn import BTC, MINUTE, arrays, declarations


def planned(*declared, wanted=(), watched=(), base="1m"):
    return make_plan(declared, wanted or [f.name for f in declared], timeframe_ns(base), watched=watched)


@st.composite
def plans(draw):
    declared = draw(declarations())
    names = [f.name for f in declared]
    wanted = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    watched = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    return declared, make_plan(declared, wanted, MINUTE, watched=watched)


@given(plans())
def test_what_a_node_reads_is_written_before_it_on_the_same_candle(drawn):
    _, plan = drawn
    written, updated = set(), []
    for work in plan.updates:
        if work.call.function == "update":
            assert work.places == plan.nodes[work.node].inputs
            assert all(place in written for place in work.places if plan.origins[place].node >= 0)
            updated.append(work.node)
        else:
            (place,) = work.places
            assert work.node in updated
            assert plan.origins[place][:2] == (work.node, work.call.function)
            written.add(place)
        assert work.clock == plan.nodes[work.node].clock
    assert sorted(updated) == list(range(len(plan.nodes)))
    assert written >= set(plan.watched.values())


@given(plans())
def test_every_node_is_there_once_and_is_needed(drawn):
    declared, plan = drawn
    found = [(node.kind.name, node.params, node.inputs, node.clock) for node in plan.nodes]
    assert len(set(found)) == len(found)
    wanted = needed(declared, [*plan.names, *plan.watched])
    assert len(plan.nodes) <= len(wanted)
    assert {node.kind.name for node in plan.nodes} == {f.kind for f in wanted}
    readable = {place for node in plan.nodes for place in node.inputs} | set(plan.watched.values())
    read = {plan.origins[place].node for place in readable} | {node for node, _ in plan.readings}
    assert read >= set(range(len(plan.nodes)))


@given(plans())
def test_every_state_has_a_room_of_its_own(drawn):
    _, plan = drawn
    i, j = len(plan.origins), len(plan.ints) - sum(node.kind.room(*node.params)[1] for node in plan.nodes)
    for node in plan.nodes:
        assert (node.i, node.j) == (i, j)
        floats, ints = node.kind.room(*node.params)
        i, j = i + floats, j + ints
    assert i == plan.outputs_at
    assert (i + len(plan.names), j) == (len(plan.floats), len(plan.ints))


@given(plans())
def test_the_tables_say_what_the_plan_says(drawn):
    _, plan = drawn
    update_at, updates, emit_at, emits = plan.tables.numbers[:4]
    states = {(node.i, node.j): k for k, node in enumerate(plan.nodes) if any(node.kind.room(*node.params))}
    assert list(_decoded(plan, update_at, updates)) == [_numbered(plan, work) for work in plan.updates]
    outputs = {(plan.outputs_at + k, node, output) for k, (node, output) in enumerate(plan.readings)}
    rows = list(_decoded(plan, emit_at, emits))
    assert {(places[0], states[i, j], call.function) for call, _, i, j, places in rows} == outputs
    assert len(rows) == len(outputs)
    assert list(plan.ints[: len(plan.tables.numbers)]) == list(plan.tables.numbers)


def _decoded(plan, at, segments):
    n = plan.ints
    for s in range(at, at + 4 * segments, 4):
        call, clock, first, end = n[s : s + 4]
        for row in range(first, end, 7):
            yield plan.tables.calls[call], clock, n[row], n[row + 1], n[row + 2 : row + 7]


def _numbered(plan, work: Work):
    node = plan.nodes[work.node]
    return work.call, work.clock, node.i, node.j, (*work.places, *[0] * (5 - len(work.places)))


@given(declarations(), st.data())
def test_the_order_of_declaration_does_not_matter(declared, data):
    wanted = data.draw(st.permutations([f.name for f in declared]))
    assert make_plan(declared, wanted, MINUTE) == make_plan(data.draw(st.permutations(declared)), wanted, MINUTE)


def test_features_that_differ_in_name_or_output_alone_share_their_node():
    plan = planned(
        feature("a", "ema", period=5),
        feature("b", "ema", "close", period=5.0, timeframe="1m"),
        feature("up", "cusum", output="up"),
        feature("down", "cusum", "close", "1.0", threshold=0.0015, output="down"),
        feature("over_a", "sma", "a", period=3),
        feature("over_b", "sma", "b", period=3),
    )
    assert sorted(node.kind.name for node in plan.nodes) == ["cusum", "ema", "sma"]
    assert plan.readings[0] == plan.readings[1]
    assert plan.readings[4] == plan.readings[5]


@pytest.mark.parametrize(
    "other",
    [
        feature("b", "ema", period=6),
        feature("b", "sma", period=5),
        feature("b", "ema", "open", period=5),
        feature("b", "ema", period=5, timeframe="5m"),
        feature("b", "ema", "ETH/USDT:close", period=5),
        feature("b", "ema", "7", period=5),
    ],
)
def test_features_that_differ_in_anything_else_do_not(other):
    assert len(planned(feature("a", "ema", period=5), other).nodes) == 2


def test_a_feature_is_not_the_same_on_bars_as_on_candles_even_where_it_reads_the_same():
    read = feature("a", "ema", period=5)
    assert (
        len(planned(read, feature("b", "sma", "a", period=3), feature("c", "sma", "a", period=3, timeframe="5m")).nodes)
        == 3
    )


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ([feature("a", "ema", "a", period=3)], "in a ring: a -> a"),
        ([feature("a", "ema", "b", period=3), feature("b", "sma", "a", period=3)], "in a ring: a -> b -> a"),
        (
            [feature("top", "ema", "a", period=3), feature("a", "ratio", "close", "b"), feature("b", "absolute", "a")],
            "in a ring: a -> b -> a",
        ),
        ([feature("a", "ema", "closes", period=3)], "a reads what is neither a column nor a feature: 'closes'"),
        ([feature("a", "ema", "nan", period=3)], "a reads what is neither a column nor a feature: 'nan'"),
        ([feature("a", "ema", "ETH/USDT:closed", period=3)], "neither a column nor a feature: 'ETH/USDT:closed'"),
        ([feature("a", "ema", ":close", period=3)], "neither a column nor a feature: ':close'"),
        ([feature("b", "ema", period=3)], "no feature is declared as 'a'"),
        ([Feature("a", "ema", params={"period": 0})], "period of ema = 0 is out of range"),
    ],
)
def test_what_cannot_be_planned_is_refused_by_name(declared, said):
    wanted = "top" if declared[0].name == "top" else "a"
    with pytest.raises(ConfigError) as refused:
        planned(*declared, wanted=[wanted])
    assert said in str(refused.value)


def test_a_misspelt_name_is_answered_with_near_ones():
    with pytest.raises(ConfigError) as refused:
        planned(feature("rsi_like", "ema", period=3), feature("a", "ema", "rsi_lik", period=3))
    assert "rsi_like" in refused.value.fix
    with pytest.raises(ConfigError) as refused:
        planned(feature("a", "ema", "clos", period=3))
    assert "close" in refused.value.fix


@pytest.mark.parametrize(("base", "bars"), [("5m", "1m"), ("5m", "3m"), ("1h", "15m"), ("3m", "5m")])
def test_bars_that_candles_do_not_add_up_to_are_refused(base, bars):
    with pytest.raises(ConfigError, match=f"bars of {bars} cannot be made"):
        planned(feature("a", "ema", period=3, timeframe=bars), base=base)


def test_what_nobody_wants_may_be_wrong():
    plan = planned(feature("good", "ema", period=3), Feature("bad", "no such kind"), wanted=["good"])
    assert len(plan.nodes) == 1


# A day begins at 27,000,000. Data that begins a minute later has missed every bar's first candle: nothing is later.
DAY = 27_000_000
LATEST = 1


@cache
def history(start):
    """The whole catalogue over minutes without gaps, from `start` minutes into a day on."""
    plan = make_plan(catalogue(), [f.name for f in catalogue()], MINUTE)
    rows = max(plan.warmups) + 5
    draw = np.random.default_rng(start)
    moves, close = draw.integers(-300, 301, rows), np.full(rows, 10_000_000)
    for row in range(1, rows):  # back towards its mean, or there would be no half-life
        close[row] += int(0.8 * (close[row - 1] - 10_000_000)) + moves[row]
    open_ = np.concatenate(([10_000_000], close[:-1])) + draw.integers(-20, 21, rows)
    wicks = draw.integers(1, 200, (2, rows))
    block = Block(
        (DAY + start + np.arange(rows)) * MINUTE, open_, np.maximum(open_, close) + wicks[0],
        np.minimum(open_, close) - wicks[1], close, draw.integers(1, 10**6, rows),
    )  # fmt: skip
    theirs = draw.uniform(99, 101, (len(COLUMNS), rows))
    theirs[:, 0] = np.nan  # nobody sees a candle of the same instant
    others = {source.symbol: list(theirs) for source in plan.sources if source.symbol}
    return plan, Columns(plan, BTC, scan=whole_scan, arrays=arrays).advance(block, others)


def whole_scan(kind, outputs):
    """Compiled with all outputs of the kind, which the contract suite has compiled already."""
    scan, names = compiled_scan(kind, tuple(kind.outputs)), list(kind.outputs)

    def picked(f, n, i, j, wanted, outs, *inputs):
        made = np.full((len(names), len(wanted)), np.nan)
        scan(f, n, i, j, wanted, made, *inputs)
        for out, name in zip(outs, outputs, strict=True):
            out[:] = made[names.index(name)]

    return picked


@pytest.mark.parametrize("start", [0, LATEST, 7, 359, 1439])
def test_every_feature_of_the_catalogue_is_there_from_its_warmup_on(start):
    plan, values = history(start)
    late = {name: warmup for name, warmup, row in zip(plan.names, plan.warmups, values, strict=True)
            if not np.isfinite(row[warmup - 1 :]).all()}  # fmt: skip
    assert not late


def test_no_feature_of_the_catalogue_is_there_before_its_warmup_wherever_the_data_begins():
    """Exact where all bars begin as late as they can, and no bar reads what other candles have counted."""
    plan, values = history(LATEST)
    early = {name: (warmup, int(np.flatnonzero(np.isfinite(row))[0]) + 1)
             for name, warmup, row, (node, _) in zip(plan.names, plan.warmups, values, plan.readings, strict=True)
             if np.isfinite(row[: warmup - 1]).any() and not _bar_reads_other_clock(plan, node)}  # fmt: skip
    assert not early


MIXED = (
    feature("slow", "sma", period=13),
    feature("fast_5m", "sma", period=3, timeframe="5m"),
    feature("slow_15m", "sma", period=2, timeframe="15m"),
    feature("candle_reads_bar", "sma", "slow_15m", period=4),
    feature("bar_reads_candle", "sma", "slow", period=2, timeframe="5m"),
    feature("bar_reads_shorter", "sma", "fast_5m", period=2, timeframe="15m"),
    feature("bar_reads_longer", "sma", "slow_15m", period=2, timeframe="5m"),
    feature("bar_reads_both", "ratio", "bar_reads_candle", "bar_reads_longer", timeframe="15m"),
    feature("candle_reads_all", "ratio", "bar_reads_both", "slow"),
)


def test_a_chain_over_candles_and_bars_is_there_from_its_warmup_on_wherever_the_data_begins():
    plan = planned(*MIXED)
    rows, firsts = max(plan.warmups) + 20, []
    for start in range(15):
        close = np.arange(100, 100 + rows)
        block = Block((DAY + start + np.arange(rows)) * MINUTE, *[close] * 4, close)
        there = np.isfinite(Columns(plan, BTC).advance(block))
        assert all(row[warmup - 1 :].all() for row, warmup in zip(there, plan.warmups, strict=True)), start
        firsts.append(there.argmax(axis=1) + 1)
    spare = np.array(plan.warmups) - np.max(firsts, axis=0)
    assert spare.tolist()[:4] == [0] * 4
    assert spare.max() <= 15  # bars do not all begin as late as they can: one of the longest to spare


def _bar_reads_other_clock(plan, node):
    inputs = [plan.origins[place].node for place in plan.nodes[node].inputs if plan.origins[place].node >= 0]
    mine = plan.nodes[node].clock
    mixed = mine != 0 and any(plan.nodes[other].clock != mine for other in inputs)
    return mixed or any(_bar_reads_other_clock(plan, other) for other in inputs)
