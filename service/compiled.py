"""Compiled code for plans, kept on disk: small modules, written once, that numba compiles and caches beside them.

numba cannot cache code without a file, and does not notice when a function that another module holds has changed; so a
module's folder is named by the hash of all indicator sources.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from inspect import getsource
from pathlib import Path
from types import ModuleType
from typing import Any

from kernel.errors import ConfigError
from kernel.features.engine import Compiled
from kernel.features.tables import ROW, SEGMENT, Call
from kernel.indicators.kind import Kind
from kernel.indicators.registry import kind_named
from kernel.wake import next_row
from service.code_hash import package_hash
from service.durable import replace_durably

__all__ = ["as_arrays", "cache_dir", "compiled", "compiled_next_row", "compiled_scan", "told_off"]

_FIVE = ("open", "high", "low", "close", "volume", "minute")


def told_off(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the user wants no compiled code: NUMBA_DISABLE_JIT=1."""
    return environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"}


@cache
def cache_dir() -> Path:
    """Where compiled code is kept: CANDLED_CACHE_DIR, else where this user's caches live, else a temporary folder.

    Errors: ConfigError when none of them can be written.
    """
    home = os.environ.get("XDG_CACHE_HOME") or (f"{os.environ['HOME']}/.cache" if os.environ.get("HOME") else "")
    user = f"{home}/candled" if home else ""
    places = [os.environ.get("CANDLED_CACHE_DIR", ""), os.environ.get("CACHE_DIRECTORY", ""), user]
    temporary = f"{tempfile.gettempdir()}/candled-{os.getuid()}"
    for place in [*filter(None, places), temporary]:
        folder = Path(place) / f"compiled-{_code()[:16]}"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    raise ConfigError("compiled code can be kept nowhere", fix="set CANDLED_CACHE_DIR to a folder that can be written")


def _code() -> str:
    """The hash of all that is compiled, and of what makes it compilable."""
    makers = [Path(__file__).read_bytes(), Path(__file__).with_name("jitted.py").read_bytes()]
    return sha256(package_hash("kernel.indicators").encode() + b"".join(makers)).hexdigest()


@cache
def compiled(calls: tuple[Call, ...]) -> Compiled:
    """Compiled code for these calls: about a second for ten kinds the first time, milliseconds from disk."""
    module = _module("rows", _row_source(calls))
    return Compiled(module.step, module.run, as_arrays)


def as_arrays(floats: Sequence[float], whole: Sequence[int]) -> tuple[Any, Any]:
    """The two state arrays in the form that compiled code takes."""
    import numpy as np

    return np.array(floats, dtype=np.float64), np.array(whole, dtype=np.int64)


@cache
def compiled_next_row() -> Callable[..., int]:
    """The compiled form of kernel/wake.py's search, for columns of 64 bits."""
    text = sha256(getsource(next_row).encode()).hexdigest()
    source = _HEAD + f"from kernel.wake import next_row as plain  # {text}\n{_NEXT_ROW}"
    search: Callable[..., int] = _module("next_row", source).next_row
    return search


@cache
def _scan(kind: str, outputs: tuple[str, ...]) -> Callable[..., None]:
    scan: Callable[..., None] = _module(f"scan_{kind}", _scan_source(kind, outputs)).scan
    return scan


def compiled_scan(kind: Kind, outputs: Sequence[str]) -> Callable[..., None]:
    """The compiled form of kernel/features/columns.py's scan."""
    return _scan(kind.name, tuple(outputs))


def _module(name: str, source: str) -> ModuleType:
    """The module of a source text, from the cache folder; written there first where it is not."""
    path = cache_dir() / f"{name}_{sha256(source.encode()).hexdigest()[:16]}.py"
    if not path.exists():
        replace_durably(path, source.encode())
    spec = spec_from_file_location(f"candled_compiled_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is no module")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # numba looks for it by name
    spec.loader.exec_module(module)
    return module


_HEAD = '''"""Made by candled from its indicator kinds; remade when they change."""

from numba import njit

from kernel.indicators.registry import kind_named
from kernel.wake import next_row
from service.jitted import OPTIONS, jitted

'''


_NEXT_ROW = """
inner = jitted(plain)


@njit("int64(int64, uint8[:, ::1], int8[:, ::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
      " int8[:, ::1], int64[::1], int64[::1], int64, int64)", cache=True, **OPTIONS)
def next_row(row, codes, wishes, places, lows, highs, opened, times, directions, floors, ceilings, day_ends, due):
    return inner(row, codes, wishes, places, lows, highs, opened, times, directions, floors, ceilings, day_ends, due)
"""


def _row_source(calls: Sequence[Call]) -> str:
    """`run` follows the tables of kernel/features/tables.py; `step` writes a candle's columns first."""
    names: list[str] = []
    branches: list[str] = []
    functions = [_function(call) for call in calls]
    for number, call in enumerate(calls):
        if functions.index(functions[number]) < number:  # kinds share functions: each is compiled once
            continue
        same = [k for k, function in enumerate(functions) if function is functions[number]]
        function = "update" if call.function == "update" else f"outputs[{call.function!r}].emit"
        names.append(f"call_{number} = jitted(kind_named({call.kind!r}).{function})")
        if call.function == "update":
            inputs = "".join(f", f[n[r + {2 + k}]]" for k in range(len(kind_named(call.kind).inputs)))
            body = f"call_{number}(f, n, n[r], n[r + 1]{inputs})"
        else:
            body = f"f[n[r + 2]] = call_{number}(f, n, n[r], n[r + 1])"
        branches.append(
            f"        {'elif' if branches else 'if'} {' or '.join(f'call == {k}' for k in same)}:\n"
            f"            for r in range(first, end, {ROW}):\n"
            f"                {body}\n"
        )
    columns = ", ".join(_FIVE)
    return (
        _HEAD
        + "\n".join(names)
        + '\n\n\n@njit("void(float64[::1], int64[::1], int64, int64, int64)", cache=True, **OPTIONS)\n'
        + "def run(f, n, at, segments, mask):\n"
        + f"    for s in range(at, at + {SEGMENT} * segments, {SEGMENT}):\n"
        + "        if not mask >> n[s + 1] & 1:\n            continue\n"
        + "        call, first, end = n[s], n[s + 2], n[s + 3]\n"
        + "".join(branches)
        + f'\n\n@njit("void(float64[::1], int64[::1], int64{", float64" * len(_FIVE)})", cache=True, **OPTIONS)\n'
        + f"def step(f, n, mask, {columns}):\n"
        + "".join(f"    f[{k}] = {name}\n" for k, name in enumerate(_FIVE))
        + "    run(f, n, n[0], n[1], mask)\n"
    )


def _function(call: Call) -> Callable[..., Any]:
    kind = kind_named(call.kind)
    return kind.update if call.function == "update" else kind.outputs[call.function].emit


def _scan_source(kind: str, outputs: Sequence[str]) -> str:
    width = len(kind_named(kind).inputs)
    inputs = "".join(f", x{k}" for k in range(width))
    emits = "".join(
        f"emit_{k} = jitted(kind_named({kind!r}).outputs[{name!r}].emit)\n" for k, name in enumerate(outputs)
    )
    types = "float64[::1], int64[::1], int64, int64, boolean[::1], float64[:, ::1]" + ", float64[::1]" * width
    return (
        _HEAD
        + f"update = jitted(kind_named({kind!r}).update)\n{emits}"
        + f'\n\n@njit("void({types})", cache=True, **OPTIONS)\n'
        + f"def scan(f, n, i, j, wanted, outs{inputs}):\n"
        + "    for row in range(len(wanted)):\n"
        + f"        update(f, n, i, j{''.join(f', x{k}[row]' for k in range(width))})\n"
        + "        if wanted[row]:\n"
        + "".join(f"            outs[{k}, row] = emit_{k}(f, n, i, j)\n" for k in range(len(outputs)))
    )
