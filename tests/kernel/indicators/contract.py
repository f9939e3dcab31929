"""What the contract suite runs kinds over, and how: parameters drawn from the declarations, rows of every sort."""

import random
from functools import cache
from math import inf, isfinite, nan

import numpy as np

from kernel.features.columns import plain_scan
from kernel.indicators.kind import COLUMNS, Whole
from service.compiled import compiled_scan
from tests.kernel.indicators.series import synthetic

PRICES = ("open", "high", "low", "close")
BAD = (nan, inf, -inf)
LONGEST = 300  # a longer warm-up would cost more than it shows


def parameter_sets(kind):
    """The smallest whole numbers, the usual ones, and three draws."""
    draw = random.Random(kind.name)
    bounds = kind.parameters.values()
    smallest = tuple(b.low if isinstance(b, Whole) else _real(b, 1.0) for b in bounds)
    usual = tuple(b.default if b.default is not None else _drawn(b, draw) for b in bounds)
    drawn = [tuple(_drawn(b, draw) for b in bounds) for _ in range(3)]
    sets = dict.fromkeys([smallest, usual, *drawn])
    return [params for params in sets if max(warmups(kind, params)) <= LONGEST] or [smallest]


def with_equal_periods(kind, params):
    """Two averages of the same period have no difference."""
    whole = [p for p, bounds in zip(params, kind.parameters.values(), strict=True) if isinstance(bounds, Whole)]
    return len(set(whole)) < len(whole)


def _drawn(bounds, draw):
    if isinstance(bounds, Whole):
        return draw.randint(bounds.low, min(bounds.high, bounds.low + 30))
    return _real(bounds, draw.uniform(0.3, 3.0))


def _real(bounds, factor):
    usual = bounds.default if bounds.default is not None else 1.0
    return float(min(bounds.high, max(bounds.low, usual * factor)))


def warmups(kind, params):
    return [output.warmup(*params) for output in kind.outputs.values()]


def rows_for(kind, params):
    return 120 + 2 * max(warmups(kind, params))


@cache
def _market(rows, sort):
    """Columns of one sort. All but the first three are what a market does, or an exchange sends, on its worst days."""
    columns = {name: values.copy() for name, values in synthetic(rows, seed=11).items()}
    if sort in {"tiny", "huge"}:
        columns |= {name: columns[name] * (1e-8 if sort == "tiny" else 1e8) for name in (*PRICES, "volume")}
    elif sort == "constant":
        columns |= {name: np.full(rows, 19_000.1) for name in PRICES} | {"volume": np.full(rows, 2.5)}
    elif sort == "no trade":
        columns |= {name: np.full(rows, 19_000.1) for name in PRICES} | {"volume": np.zeros(rows)}
    elif sort == "no volume":
        columns["volume"] = np.zeros(rows)
    elif sort == "extreme":
        draw = random.Random(3)
        columns |= {name: np.array([draw.choice([1e12, 1e-12, 1.0, -1e12, 0.0]) for _ in range(rows)])
                    for name in (*PRICES, "volume")}  # fmt: skip
    return columns


SORTS = ("clean", "tiny", "huge", "broken", "constant", "no trade", "no volume", "zeros", "extreme")


def market(kind, rows, sort):
    """The inputs of a kind, of one sort: the columns that it reads by itself, and its constants."""
    return _inputs(kind.inputs, rows, sort)


@cache
def _inputs(names, rows, sort):
    columns = _market(rows, sort)
    made = [columns[name] if name in COLUMNS else np.full(rows, float(name)) for name in names]
    if sort == "broken":
        return spoiled(made, BAD)
    return spoiled(made, (0.0, -0.0, -1.0)) if sort == "zeros" else made


def spoiled(inputs, values, seed=5, share=0.12):
    """Here and there one of the inputs, or all of them, is another value."""
    draw = random.Random(seed)
    made = [column.copy() for column in inputs]
    for row in range(len(made[0])):
        if draw.random() < share:
            hit = made if draw.random() < 0.3 else [draw.choice(made)]
            for column in hit:
                column[row] = draw.choice(values)
    return made


class Room:
    """A node's memory among others': lists with a margin on both sides that nobody may read or write."""

    MARGIN = 9

    def __init__(self, kind, params, *, margin=(-7.25e77, -77), ahead=MARGIN):
        self.kind, self.params, self.i, self.j = kind, params, ahead, ahead + 2
        self.floats, self.ints = kind.room(*params)
        self.f = [margin[0]] * self.i + [0.0] * self.floats + [margin[0]] * self.MARGIN
        self.n = [margin[1]] * self.j + [0] * self.ints + [margin[1]] * self.MARGIN
        kind.bootstrap_state(self.f, self.n, self.i, self.j, *params)

    def state(self):
        return self.f[self.i : self.i + self.floats], self.n[self.j : self.j + self.ints]

    def around(self):
        f, n = self.f, self.n
        return [*f[: self.i], *f[self.i + self.floats :]], [*n[: self.j], *n[self.j + self.ints :]]

    def moved(self, ahead):
        """The same state at another place."""
        other = Room(self.kind, self.params, ahead=ahead)
        floats, ints = self.state()
        other.f[other.i : other.i + other.floats] = floats
        other.n[other.j : other.j + other.ints] = ints
        return other

    def update(self, *values):
        self.kind.update(self.f, self.n, self.i, self.j, *values)

    def emit(self):
        return [output.emit(self.f, self.n, self.i, self.j) for output in self.kind.outputs.values()]


def rows_of(inputs):
    """Row by row, as Python's floats."""
    return zip(*(column.tolist() for column in inputs), strict=True)


def plain(kind, params, inputs, *, room=None):
    """Every output on every row, one row an output; and the room afterwards."""
    room = room or Room(kind, params)
    outs = np.full((len(kind.outputs), len(inputs[0])), nan)
    everywhere = np.ones(len(inputs[0]), dtype=bool)
    plain_scan(kind, list(kind.outputs))(room.f, room.n, room.i, room.j, everywhere, outs, *inputs)
    return outs, room


def compiled(kind, params, inputs, *, room=None, wanted=None):
    """The same, by compiled code."""
    room = room or Room(kind, params)
    f, n = np.array(room.f, dtype=np.float64), np.array(room.n, dtype=np.int64)
    outs = np.full((len(kind.outputs), len(inputs[0])), nan)
    everywhere = np.ones(len(inputs[0]), dtype=bool)
    inputs = [np.ascontiguousarray(column) for column in inputs]
    scan = compiled_scan(kind, list(kind.outputs))
    scan(f, n, room.i, room.j, everywhere if wanted is None else wanted, outs, *inputs)
    room.f, room.n = f.tolist(), n.tolist()
    return outs, room


def bits(values):
    """Floats as whole numbers that are equal where the floats' bits are; every NaN counts as the same."""
    values = np.asarray(values, dtype=np.float64)
    return np.where(np.isnan(values), np.float64(nan), values).view(np.int64)


def same(a, b):
    return np.array_equal(bits(a), bits(b))


def same_state(a, b):
    return same(a[0], b[0]) and a[1] == b[1]


def first_finite(values):
    return next((row for row, value in enumerate(values.tolist()) if isfinite(value)), None)
