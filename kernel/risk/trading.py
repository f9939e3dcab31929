"""What may be sent at present: the restrictions in force, and when they end. Reads state, changes nothing."""

from kernel.messages import TradingState
from kernel.state import Halt, State

__all__ = ["SEVERITY", "due", "over", "trading_state"]

SEVERITY: dict[TradingState, int] = {"active": 0, "reducing": 1, "halted": 2}


def trading_state(state: State, strategy: str, symbol: str) -> TradingState:
    """The most severe of the halts that cover a strategy in a market; each holds until it is lifted."""
    worst: TradingState = "active"
    for halt in state.halts:
        covers = halt.strategy in ("", strategy) and halt.symbol in ("", symbol)
        if covers and SEVERITY[halt.state] > SEVERITY[worst]:
            worst = halt.state
    return worst


def due(state: State) -> int:
    """When the next halt is over by itself (ns, UTC); 0 when none will be."""
    return min((halt.until for halt in state.halts if halt.until), default=0)


def over(state: State, ts: int) -> list[Halt]:
    """The halts whose time has run out, in the order in which they began."""
    return [halt for halt in state.halts if 0 < halt.until <= ts]
