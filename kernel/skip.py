"""Why nothing was decided on a candle. One byte a reason: the folded skips of the log are strings of these bytes."""

from enum import IntEnum

__all__ = ["SkipReason"]


class SkipReason(IntEnum):
    """A step's word for ending the candle. Values are in logs: never reuse or renumber one."""

    WARMING_UP = 1
    GATE_CLOSED = 2
    FEATURE_NOT_FINITE = 3
    NO_OPINION = 4
    TARGET_UNCHANGED = 5
    LOW_CONFIDENCE = 6
    COOLING_DOWN = 7
    OUTSIDE_SESSION = 8
    NOT_TRADED = 9  # a market that the strategy does not trade, or the end of an instant that it does not wait for
    INSTANT_OPEN = 10  # a strategy over several markets waits for the candles of the others
    NOT_DUE = 11  # it decides at other times of the clock
    AWAITING_EXIT = 12  # an exit is on its way: its money, and its end, come first
    ENTRIES_BLOCKED = 13  # trading is reducing: no new positions
    TRADING_HALTED = 14  # nothing is sent

    @property
    def label(self) -> str:
        """The reason as records, tables and JSON print it."""
        return self.name.lower()
