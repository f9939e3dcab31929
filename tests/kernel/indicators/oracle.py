"""One row of the tables of oracles."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Oracle:
    """`expected(columns)`: the library's values over columns of floats, as long as they are.

    `after`: how many rows to leave out; `rtol`, `atol` and the `reason` for them. `inputs(columns)`: arrays for a kind
    that is not run over its own default columns.
    """

    kind: str
    library: str
    expected: Callable[[dict[str, Any]], Any]
    reason: str
    output: str = "value"
    params: dict[str, float] = field(default_factory=dict)
    after: int = 0
    rtol: float = 1e-9
    atol: float = 0.0
    inputs: Callable[[dict[str, Any]], Any] = lambda columns: ()
