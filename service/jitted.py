"""A kind's functions for numba: the very functions that run in Python, with what they call made compilable too."""

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

from numba import njit

__all__ = ["OPTIONS", "jitted"]

# `_nrt`: without it every call among kinds counts references to the two arrays, which takes most of the time. It is for
# code that makes no arrays; numba's own runtime is built with it.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "boundscheck": False, "_nrt": False}


@cache
def jitted(function: Callable[..., Any]) -> Any:
    """The function for use inside compiled code. The original stays as it is: numba is not imported where kinds are."""
    names = function.__code__.co_names
    found = {name: function.__globals__[name] for name in names if name in function.__globals__}
    calls = {name: jitted(value) for name, value in found.items() if isinstance(value, FunctionType)}
    copy = FunctionType(function.__code__, function.__globals__ | calls, function.__name__, function.__defaults__)
    return njit(**OPTIONS)(copy)
