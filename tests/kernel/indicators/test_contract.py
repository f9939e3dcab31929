"""What every kind keeps, whatever it computes. Kinds are found, not named: a new file is held to all of this.

Compiling them all takes minutes the first time after an indicator has changed, and seconds from then on.
"""

import inspect
import pkgutil
import random
from importlib import import_module
from math import isinf, isnan

import numpy as np
import pytest

from kernel import indicators
from kernel.indicators.kind import Kind
from kernel.indicators.registry import all_kinds
from tests.kernel.indicators.contract import (
    BAD,
    SORTS,
    Room,
    bits,
    compiled,
    first_finite,
    market,
    parameter_sets,
    plain,
    rows_for,
    rows_of,
    same,
    same_state,
    spoiled,
    warmups,
    with_equal_periods,
)

KINDS = list(all_kinds().values())
every = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
windows = pytest.mark.parametrize("kind", [k for k in KINDS if k.memory == "window"], ids=lambda kind: kind.name)
others = pytest.mark.parametrize("kind", [k for k in KINDS if k.memory != "window"], ids=lambda kind: kind.name)


def test_a_kind_is_called_as_its_file_is():
    for module in pkgutil.iter_modules(indicators.__path__):
        found = getattr(import_module(f"{indicators.__name__}.{module.name}"), "KIND", None)
        assert found is None or (isinstance(found, Kind) and found.name == module.name), module.name


@every
def test_its_file_says_what_it_takes_and_when_it_forgets(kind):
    text = inspect.getdoc(import_module(f"{indicators.__name__}.{kind.name}"))
    missing = [word for word in ("Input", "Output", "Warm-up:", "Edges:", "Forgets:", "Source:") if word not in text]
    assert not missing


@every
def test_plain_and_compiled_give_the_same_bits_whatever_comes(kind):
    for params in parameter_sets(kind):
        for sort in SORTS:
            inputs = market(kind, rows_for(kind, params), sort)
            outs, room = plain(kind, params, inputs)
            others, theirs = compiled(kind, params, inputs)
            for name, ours, other in zip(kind.outputs, outs, others, strict=True):
                apart = np.flatnonzero(bits(ours) != bits(other))
                assert not len(apart), f"{name} {params}, {sort}, row {apart[0]}: {ours[apart[0]]} {other[apart[0]]}"
                assert not np.isinf(ours).any(), f"{name} {params}, {sort}: infinite"
            assert same_state(room.state(), theirs.state()), f"{params}, {sort}"


@every
def test_a_value_is_there_from_its_warmup_on(kind):
    for params in parameter_sets(kind):
        outs, _ = compiled(kind, params, market(kind, rows_for(kind, params), "clean"))
        for name, values, warmup in zip(kind.outputs, outs, warmups(kind, params), strict=True):
            assert warmup >= 1
            assert first_finite(values) == warmup - 1, f"{name} {params}"


@every
def test_nothing_is_read_before_the_first_candle(kind):
    for params in parameter_sets(kind):
        assert all(isnan(value) for value in Room(kind, params).emit()), params


@every
def test_reading_changes_nothing_and_numbers_keep_their_types(kind):
    for params in parameter_sets(kind):
        room = Room(kind, params)
        for row in rows_of(market(kind, rows_for(kind, params), "broken")):
            room.update(*row)
            before = room.state()
            values = room.emit()
            assert same_state(room.state(), before), params
            assert same(room.emit(), values), params
            assert {type(value) for value in values} == {float}, (params, values)
        assert {type(x) for x in room.f} == {float}, params
        assert {type(x) for x in room.n} == {int}, params


@every
def test_a_value_does_not_depend_on_which_others_were_read(kind):
    for params in parameter_sets(kind):
        inputs = market(kind, rows_for(kind, params), "broken")
        wanted = np.array([random.Random(2).random() < 0.2 for _ in inputs[0]])
        wanted[::7] = True
        outs, _ = compiled(kind, params, inputs)
        some, _ = compiled(kind, params, inputs, wanted=wanted)
        assert same(outs[:, wanted], some[:, wanted]), params


@every
def test_it_keeps_to_its_room(kind):
    for params in parameter_sets(kind):
        inputs = market(kind, rows_for(kind, params), "broken")
        seen = []
        for margin in ((-7.25e77, -77), (3.5e-9, 1_000_003)):
            room = Room(kind, params, margin=margin)
            around = room.around()
            assert same_state(room.state(), Room(kind, params, ahead=20).state()), (
                f"{params}: it starts otherwise elsewhere"
            )
            outs, room = plain(kind, params, inputs, room=room)
            assert same_state(room.around(), around), f"{params}: written outside"
            seen.append(outs)
        assert same(*seen), f"{params}: read outside"


@every
def test_a_copied_state_goes_on_alike_anywhere(kind):
    for params in parameter_sets(kind):
        inputs = market(kind, rows_for(kind, params), "broken")
        whole, end = compiled(kind, params, inputs)
        for cut in {1, max(warmups(kind, params)) // 2 + 1, max(warmups(kind, params)) + 17}:
            first, room = plain(kind, params, [column[:cut] for column in inputs])
            rest, theirs = compiled(kind, params, [column[cut:] for column in inputs], room=room.moved(ahead=31))
            assert same(np.hstack([first, rest]), whole), (params, cut)
            assert same_state(theirs.state(), end.state()), (params, cut)


@every
def test_whole_numbers_stay_below_63_bits(kind):
    for params in parameter_sets(kind):
        for sort in ("extreme", "huge"):
            room = Room(kind, params)
            for row in rows_of(market(kind, rows_for(kind, params), sort)):
                room.update(*row)
                assert all(abs(x) < 2**63 for x in room.state()[1]), (params, sort)


@windows
def test_a_window_knows_nothing_but_its_last_inputs(kind):
    """Bits are equal however the history before the window was: short, long, broken or absurd."""
    for params in parameter_sets(kind):
        for sort in ("clean", "broken", "extreme"):
            inputs = market(kind, rows_for(kind, params), sort)
            outs, _ = compiled(kind, params, inputs)
            for start in (1, 3, 20, 57):
                rest = [column[start:] for column in inputs]
                fresh, _ = compiled(kind, params, rest)
                absurd = [np.concatenate([column, kept]) for column, kept in zip(_absurd(kind), rest, strict=True)]
                spoilt, _ = compiled(kind, params, absurd)
                spoilt = spoilt[:, len(absurd[0]) - len(rest[0]) :]
                for k, warmup in enumerate(warmups(kind, params)):
                    where = f"output {k} {params}, {sort}, from row {start}"
                    assert same(fresh[k, warmup - 1 :], outs[k, start + warmup - 1 :]), where
                    assert same(fresh[k, warmup - 1 :], spoilt[k, warmup - 1 :]), where


def _absurd(kind, rows=70):
    inputs = market(kind, rows, "extreme")
    return spoiled(inputs, (*BAD, 1e13, -3e11, 7e-13), share=0.5)


@windows
def test_a_window_needs_as_many_inputs_as_it_says(kind):
    """The oldest of them matters: some change of it changes some value. (Nothing needs less than one.)"""
    for params in (p for p in parameter_sets(kind) if not with_equal_periods(kind, p)):
        for k, (name, warmup) in enumerate(zip(kind.outputs, warmups(kind, params), strict=True)):
            matters = warmup == 1 or any(_oldest_matters(kind, params, k, warmup, trial) for trial in range(60))
            assert matters, f"{name} {params}: {warmup} inputs are more than it looks at"


def _oldest_matters(kind, params, k, warmup, trial):
    draw = random.Random(trial)
    market_rows = market(kind, 400 + warmup, draw.choice(["clean", "clean", "tiny"]))
    start = draw.randrange(400)
    window = [column[start : start + warmup].copy() for column in market_rows]
    before, _ = compiled(kind, params, window)
    hit = window if draw.random() < 0.5 else [draw.choice(window)]
    factor = draw.choice([0.5, 0.99, 0.999, 1.001, 1.01, 2.0, 1e-4, 1e4, -1.0])
    for column in hit:
        column[0] *= factor
    after, _ = compiled(kind, params, window)
    x, y = before[k, -1], after[k, -1]
    return np.isfinite(x) and np.isfinite(y) and x != y


@others
def test_a_candle_without_numbers_is_passed_over(kind):
    """As if it had never been: the floats stay, and the next candles give the bits that they would have given."""
    for params in parameter_sets(kind):
        inputs = market(kind, rows_for(kind, params), "clean")
        outs, end = plain(kind, params, inputs)
        room, seen = Room(kind, params), []
        for number, row in enumerate(rows_of(inputs)):
            if number % 4 == 1:
                before = room.state()[0]
                room.update(*[BAD[(number + k) % 3] for k in range(len(row))])
                assert same(room.state()[0], before), params
            room.update(*row)
            seen.append(room.emit())
        assert same(np.array(seen).T, outs), params
        assert same_state(room.state(), end.state()), params


@others
def test_one_broken_input_poisons_nothing(kind):
    """Once as many whole candles have followed as the warm-up takes, every value is a number again."""
    for params in parameter_sets(kind):
        inputs = market(kind, rows_for(kind, params) + max(warmups(kind, params)), "clean")
        for column in range(len(inputs)):
            for bad in BAD:
                made = [values.copy() for values in inputs]
                made[column][60] = bad
                outs, room = compiled(kind, params, made)
                for values, warmup in zip(outs, warmups(kind, params), strict=True):
                    assert np.isfinite(values[61 + warmup :]).all(), (params, kind.inputs[column], bad)
                assert not any(isinf(x) for x in room.state()[0]), (params, kind.inputs[column], bad)
