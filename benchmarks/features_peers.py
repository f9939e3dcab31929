"""talipp, TA-Lib's stream functions and Hamilton on the same 150 features and the same rows, equal values first.

A feature is an EMA, RSI, ATR, Bollinger band, MACD or stochastic; the periods are those of features_mix.SHARED. An
average without end is seeded differently by each library, so values are compared from row `SETTLED` on.
"""

import os
from collections.abc import Callable, Sequence
from operator import attrgetter
from statistics import median
from time import process_time
from typing import Any, NamedTuple

import numpy as np
from features_mix import SHARED, mix, plan_of
from features_work import block_of, columns_of

from kernel.features.engine import CompiledEngine
from kernel.features.plan import Node, Plan
from kernel.instrument import Instrument
from kernel.messages import CandleClosed
from service.compiled import compiled

SETTLED, TIMED, CHUNK = 2_000, 2_500, 500
RELATIVE = 1e-6
FIELDS = ("open", "high", "low", "close", "volume")
PLACES = {"upper": 0, "lower": 2, "line": 0, "signal": 1, "k": 0, "d": 1}  # in what TA-Lib gives

Row = tuple[float, float, float, float, float]
Rows = Sequence[Row]


class Peer(NamedTuple):
    """`step` takes the next row's number and gives every value of the plan, in its order."""

    name: str
    step: Callable[[int], Sequence[float]]


def compare(traded: Instrument, candles: Sequence[CandleClosed]) -> dict[str, Any]:
    """Nanoseconds a candle of everyone, all 225 values read on every candle. Raises where a value differs."""
    features = mix(150, SHARED)
    plan = plan_of(features, features)
    candles = candles[: SETTLED + TIMED]
    reference = columns_of(plan, traded).advance(block_of(candles)).T
    price, volume = 10.0**traded.price_decimals, 10.0**traded.volume_decimals
    rows = [(c.open / price, c.high / price, c.low / price, c.close / price, c.volume / volume) for c in candles]
    figures: dict[str, Any] = {"nodes": len(plan.nodes), "outputs": len(plan.names), "rows": TIMED}
    peers = (ours(plan, traded, candles), talipp(plan, rows), talib_stream(plan, rows), hamilton(plan, rows))
    return figures | in_turn(peers, reference) | batches(plan, traded, candles, rows, reference)


def in_turn(peers: Sequence[Peer], reference: Any) -> dict[str, float]:
    """CPU nanoseconds a candle once all have settled: the median of chunks taken in turn. No value may differ."""
    for peer in peers:
        for row in range(SETTLED):
            peer.step(row)
    spent: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for first in range(SETTLED, SETTLED + TIMED, CHUNK):
        for peer in peers:
            started = process_time()
            found = [peer.step(row) for row in range(first, first + CHUNK)]
            spent[peer.name].append((process_time() - started) / CHUNK * 1e9)
            agree(peer.name, np.array(found, dtype=float), reference[first : first + CHUNK])
    return {name: median(times) for name, times in spent.items()}


def agree(name: str, found: Any, reference: Any) -> None:
    """Equal within the tolerance, relative to the value or to 1, whichever is larger."""
    distance = np.abs(found - reference) / np.maximum(np.abs(reference), 1.0)
    if not distance.max() <= RELATIVE:
        raise AssertionError(f"{name}: other values, by {distance.max()} relative")


def ours(plan: Plan, traded: Instrument, candles: Sequence[CandleClosed]) -> Peer:
    engine = CompiledEngine(plan, traded, code=compiled(plan.tables.calls))

    def step(row: int) -> Sequence[float]:
        engine.update(candles[row])
        return engine.emit()

    return Peer("candled", step)


def talipp(plan: Plan, rows: Rows) -> Peer:
    from talipp.indicators import ATR, BB, EMA, MACD, RSI, Stoch
    from talipp.ohlcv import OHLCV

    makers: dict[str, tuple[bool, Callable[..., Any]]] = {
        "ema": (False, EMA),
        "rsi": (False, RSI),
        "macd": (False, MACD),
        "bollinger": (False, BB),
        "atr": (True, ATR),
        "stochastic": (True, lambda period, _smooth, signal: Stoch(period, signal)),
    }
    fields = {"upper": "ub", "lower": "lb", "line": "macd", "signal": "signal", "k": "k", "d": "d"}
    made = [(makers[node.kind.name][0], makers[node.kind.name][1](*node.params)) for node in plan.nodes]
    adds = [(whole, indicator.add) for whole, indicator in made]
    reads = [
        (made[node][1], attrgetter(fields[output]) if output != "value" else None) for node, output in plan.readings
    ]

    def step(row: int) -> Sequence[float]:
        values = rows[row]
        candle, close = OHLCV(*values), values[3]
        for whole, add in adds:
            add(candle if whole else close)
        if row < SETTLED:
            return ()
        return [indicator[-1] if field is None else field(indicator[-1]) for indicator, field in reads]

    return Peer("talipp", step)


def talib_stream(plan: Plan, rows: Rows) -> Peer:
    """TA-Lib's handles, opened on the first rows and carried on a row at a time."""
    history = {name: np.array(column[:SETTLED]) for name, column in zip(FIELDS, zip(*rows, strict=True), strict=True)}
    handles = [(len(node.inputs) > 1, opened(node, history)) for node in plan.nodes]
    updates = [(several, handle.update) for several, handle in handles]
    reads = [(node, PLACES.get(output)) for node, output in plan.readings]

    def step(row: int) -> Sequence[float]:
        if row < SETTLED:
            return ()
        _, high, low, close, _ = rows[row]
        values = [update(high, low, close) if several else update(close) for several, update in updates]
        return [values[node] if place is None else values[node][place] for node, place in reads]

    return Peer("talib_stream", step)


def opened(node: Node, history: dict[str, Any]) -> Any:
    from talib import stream

    name, (first, *rest), close = node.kind.name, node.params, history["close"]
    if name == "bollinger":
        return stream.BBANDS(close, first, rest[0], rest[0])
    if name == "stochastic":
        return stream.STOCHF(history["high"], history["low"], close, first, rest[1])
    if name == "atr":
        return stream.ATR(history["high"], history["low"], close, first)
    return {"ema": stream.EMA, "rsi": stream.RSI, "macd": stream.MACD}[name](close, *node.params)


def driver(functions: Sequence[Callable[..., Any]], names: Sequence[str]) -> Any:
    """A Hamilton driver over functions, each a node of the name beside it."""
    os.environ |= {"HAMILTON_TELEMETRY_ENABLED": "false", "HAMILTON_AUTOLOAD_EXTENSIONS": "0"}
    from hamilton import ad_hoc_utils
    from hamilton import driver as hamilton_driver

    for function, name in zip(functions, names, strict=True):
        function.__name__ = name
    return hamilton_driver.Builder().with_modules(ad_hoc_utils.create_temporary_module(*functions)).build()


def hamilton(plan: Plan, rows: Rows) -> Peer:
    """One node an indicator, which updates it and reads its outputs: the kinds' own functions, uncompiled."""
    floats, ints = list(plan.floats), list(plan.ints)
    names = [f"node_{k}" for k in range(len(plan.nodes))]
    reads = [(names[node], [o for k, o in plan.readings if k == node].index(output)) for node, output in plan.readings]

    def node_of(k: int) -> Callable[..., Any]:
        node = plan.nodes[k]
        update, i, j, inputs = node.kind.update, node.i, node.j, node.inputs
        emits = [node.kind.outputs[output].emit for at, output in plan.readings if at == k]

        def compute(state: tuple) -> list:
            floats, ints = state
            update(floats, ints, i, j, *[floats[place] for place in inputs])
            return [emit(floats, ints, i, j) for emit in emits]

        return compute

    execute = driver([node_of(k) for k in range(len(names))], names).execute

    def step(row: int) -> Sequence[float]:
        floats[: len(FIELDS)] = rows[row]
        values = execute(names, inputs={"state": (floats, ints)})
        return [values[name][place] for name, place in reads]

    return Peer("hamilton_execute", step)


def batches(
    plan: Plan, traded: Instrument, candles: Sequence[CandleClosed], rows: Rows, reference: Any
) -> dict[str, float]:
    """All rows at once: our scan; and Hamilton where it is at home, its nodes TA-Lib's functions over whole columns."""
    import talib

    columns = dict(zip(FIELDS, map(np.array, zip(*rows, strict=True)), strict=True))
    calls: dict[str, Callable[..., Any]] = {
        "ema": talib.EMA,
        "rsi": talib.RSI,
        "macd": talib.MACD,
        "atr": talib.ATR,
        "bollinger": lambda close, period, width: talib.BBANDS(close, period, width, width),
        "stochastic": lambda high, low, close, period, _smooth, signal: talib.STOCHF(high, low, close, period, signal),
    }
    names = [f"node_{k}" for k in range(len(plan.nodes))]

    def node_of(node: Node) -> Callable[..., Any]:
        call, params = calls[node.kind.name], node.params
        if len(node.inputs) == 1:

            def over_close(close: np.ndarray) -> Any:
                return call(close, *params)

            return over_close

        def over_all(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> Any:
            return call(high, low, close, *params)

        return over_all

    execute = driver([node_of(node) for node in plan.nodes], names).execute
    block = block_of(candles)
    spent: dict[str, list[float]] = {"candled_scan": [], "hamilton_batch": []}
    for _ in range(5):
        started = process_time()
        columns_of(plan, traded).advance(block)
        between = process_time()
        found = execute(names, inputs=columns)
        spent["candled_scan"].append(between - started)
        spent["hamilton_batch"].append(process_time() - between)
    values = [found[names[k]] if o == "value" else found[names[k]][PLACES[o]] for k, o in plan.readings]
    agree("hamilton_batch", np.array(values).T[SETTLED:], reference[SETTLED:])
    return {name: median(times) / len(candles) * 1e9 for name, times in spent.items()}
