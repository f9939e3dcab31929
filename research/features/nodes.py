"""The functions of the batch graph: typed, one a node, made from the wiring. Their parameters are what they read."""

from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from typing import Any, NamedTuple

import numpy as np

from kernel.features.columns import Scan, plain_scan
from kernel.indicators.kind import Kind
from kernel.indicators.registry import kind_named
from research.features.sources import Column, Market, Series, Source, bars, candles, held, seen
from research.features.wiring import CANDLES, MARKET, ColumnNode, FeatureNode, SourceNode
from service.compiled import compiled_scan, told_off

__all__ = [
    "COMPILED",
    "PLAIN",
    "Function",
    "Keep",
    "Scanner",
    "column_function",
    "feature_function",
    "fitting_scanner",
    "source_function",
]

Function = Callable[..., Any]


Keep = Callable[[str, Column], None]
"""Is given what a feature's node computed."""


class Scanner(NamedTuple):
    """`scan(kind, outputs)` gives a scan (kernel/features/columns.py), `arrays` the two state arrays that it takes."""

    scan: Callable[[Kind, Sequence[str]], Scan]
    arrays: Callable[[Sequence[float], Sequence[int]], tuple[Any, Any]]


PLAIN = Scanner(plain_scan, lambda f, n: (list(f), list(n)))
COMPILED = Scanner(compiled_scan, lambda f, n: (np.array(f, dtype=np.float64), np.array(n, dtype=np.int64)))

_WORTH_COMPILING = 10_000  # rows: below, plain Python is done before the compiled code is loaded


def fitting_scanner(rows: int) -> Scanner:
    """Compiled scans; plain ones for few rows, or where the user wants no compiled code."""
    return PLAIN if rows < _WORTH_COMPILING or told_off() else COMPILED


def source_function(node: SourceNode) -> Function:
    """Candles, bars, or another market's candles."""
    if node.symbol:
        return _typed(
            lambda **markets: seen(markets[MARKET], markets[node.reads]),
            node.name,
            f"The candles of {node.symbol} as each candle sees them: the last of an earlier instant.",
            Source,
            dict.fromkeys((MARKET, node.reads), Market),
        )
    if node.length_ns:
        doc = f"Closed bars of {node.name.removeprefix('BARS_')}, made of the candles."
        return _typed(lambda **read: bars(read[MARKET], node.length_ns), node.name, doc, Source, {MARKET: Market})
    return _typed(lambda **read: candles(read[MARKET]), node.name, "The candles as floats.", Source, {MARKET: Market})


def column_function(node: ColumnNode) -> Function:
    """A column of a source."""

    def column(**sources: Source) -> Series:
        source = sources[node.source]
        return Series(source.moments, source.columns[node.place])

    return _typed(column, node.name, f"A column of {node.source}.", Series, {node.source: Source})


def feature_function(node: FeatureNode, scanner: Callable[[int], Scanner], keep: Keep) -> Function:
    """A feature: its kind scanned over its inputs, candle by candle of its clock."""
    declared, kind = node.declared, kind_named(node.declared.kind)

    def scanned(**read: Any) -> Series:
        moments = read[node.clock].moments
        values = np.full((1, len(moments)), np.nan)
        inputs = [
            np.full(len(moments), given)
            if isinstance(given, float)
            else np.ascontiguousarray(held(read[given], moments))
            for given in node.inputs
        ]
        chosen = scanner(len(moments))
        f, n = chosen.arrays(*_fresh(kind, tuple(declared.params.values())))
        asked = np.ones(len(moments), dtype=np.bool_)
        chosen.scan(kind, (declared.output,))(f, n, 0, 0, asked, values, *inputs)
        keep(declared.name, values[0])
        return Series(moments, values[0])

    reads: dict[str, type] = {node.clock: Source}
    reads |= {given: Series for given in node.inputs if isinstance(given, str)}
    return _typed(scanned, declared.name, _described(node), Series, reads)


def _fresh(kind: Kind, params: Sequence[int | float]) -> tuple[list[float], list[int]]:
    """The state of a kind before its first input."""
    floats, ints = kind.room(*params)
    f, n = [0.0] * floats, [0] * ints
    kind.bootstrap_state(f, n, 0, 0, *params)
    return f, n


def _described(node: FeatureNode) -> str:
    declared = node.declared
    params = "".join(f", {name} {value}" for name, value in declared.params.items())
    bars_of = "" if node.clock == CANDLES else f", on bars of {declared.timeframe}"
    return f"{declared.kind}({', '.join(declared.inputs)}{params}): {declared.output}{bars_of}"


def _typed(function: Function, name: str, doc: str, returns: type, reads: dict[str, type]) -> Function:
    """The function, now saying by name and type what it reads and returns. It must be a new one: it is changed."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.__annotations__ = {**reads, "return": returns}
    parameters = [Parameter(read, Parameter.KEYWORD_ONLY, annotation=kind) for read, kind in reads.items()]
    function.__signature__ = Signature(parameters, return_annotation=returns)  # type: ignore[attr-defined]
    return function
