"""How a feature is declared: one short statement, in the catalogue or in a strategy file."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from math import isfinite

import msgspec

from kernel.errors import ConfigError
from kernel.indicators.kind import COLUMNS, Kind, Output, Whole
from kernel.indicators.registry import kind_named
from kernel.timeframe import timeframe_ns

__all__ = ["Feature", "checked", "feature", "group", "output_of"]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
Number = int | float


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One number that models can read: an indicator kind over its inputs.

    An input is a column (open, high, low, close, volume, minute), another feature's name, a number, or a column of
    another symbol ("ETH/USDT:close": its last candle of an earlier instant). `timeframe`: empty for the candles as they
    come, else bars made of them ("1h"): the columns are those of closed bars then, and the value stays until the next
    one closes. `output` names one of the kind's outputs, empty for its first.
    """

    name: str
    kind: str
    inputs: tuple[str, ...] = ()
    params: dict[str, int | float] = {}
    output: str = ""
    timeframe: str = ""
    group: str = ""


def feature(
    name: str, kind: str, *inputs: str, output: str = "", timeframe: str = "", group: str = "", **params: Number
) -> Feature:
    """A declaration in one line: `feature("rsi_14", "rsi", period=14)`. Errors: ConfigError, as `checked`."""
    return checked(Feature(name, kind, inputs, params, output, timeframe, group))


def group(name: str, *features: Feature) -> tuple[Feature, ...]:
    """Features that are switched on and off together."""
    return tuple(msgspec.structs.replace(declared, group=name) for declared in features)


def checked(declared: Feature) -> Feature:
    """The declaration with everything in it that it leaves to its kind. Errors: ConfigError naming what is wrong."""
    if not _NAME.fullmatch(declared.name):
        raise ConfigError(f"{declared.name!r} is no name for a feature", fix="use small letters, digits and _")
    if declared.name in COLUMNS:
        raise ConfigError(f"a feature cannot be called {declared.name}, as a column is", fix="give it another name")
    kind = kind_named(declared.kind)
    if declared.timeframe:
        timeframe_ns(declared.timeframe)
    inputs = declared.inputs or kind.inputs
    if len(inputs) != len(kind.inputs):
        raise ConfigError(
            f"feature {declared.name}: {kind.name} reads {len(kind.inputs)} inputs ({', '.join(kind.inputs)}), "
            f"and {len(inputs)} are named"
        )
    params = _params(declared, kind)
    whole = msgspec.structs.replace(declared, inputs=inputs, params=params, output=declared.output or _first(kind))
    output_of(whole)
    return whole


def output_of(declared: Feature) -> Output:
    """The output of its kind that a feature reads. Errors: ConfigError naming the known ones."""
    outputs = kind_named(declared.kind).outputs
    name = declared.output or _first(kind_named(declared.kind))
    if name not in outputs:
        raise ConfigError(
            f"feature {declared.name}: {declared.kind} has no output {name!r}", fix=f"it has: {', '.join(outputs)}"
        )
    return outputs[name]


def _first(kind: Kind) -> str:
    return next(iter(kind.outputs))


def _params(declared: Feature, kind: Kind) -> dict[str, Number]:
    """Every parameter of the kind, in its order, as the number that it takes."""
    for name in declared.params:
        if name not in kind.parameters:
            near = get_close_matches(name, kind.parameters, n=1, cutoff=0.0)
            raise ConfigError(
                f"feature {declared.name}: {kind.name} has no parameter {name!r}",
                fix=f"did you mean {near[0]!r}? known: {', '.join(kind.parameters)}" if near else "leave it out",
            )
    return {name: _number(declared, name, bounds, declared.params) for name, bounds in kind.parameters.items()}


def _number(declared: Feature, name: str, bounds: object, given: Mapping[str, Number]) -> Number:
    value = given.get(name, bounds.default)  # type: ignore[attr-defined]
    what = f"feature {declared.name}: {name} of {declared.kind}"
    if value is None:
        raise ConfigError(f"{what} is missing", fix=f"add {name} = ...")
    low, high = bounds.low, bounds.high  # type: ignore[attr-defined]
    if not isfinite(value) or not low <= value <= high:
        raise ConfigError(f"{what} = {value} is out of range", fix=f"{low} to {high}")
    if not isinstance(bounds, Whole):
        return float(value)
    if value != int(value):
        raise ConfigError(f"{what} = {value} is no whole number")
    return int(value)
