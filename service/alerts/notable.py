"""Which records of the log are worth waking somebody for, and the words for it."""

import msgspec

from kernel.events import LimitsChanged, ReportRefused, TradingStateChanged
from kernel.messages import MarketEnded, OrderUnknown
from kernel.notes import DaemonStarted, DaemonStopped

__all__ = ["notable"]

_STATES = {"active": "trading goes on", "reducing": "positions are only taken back", "halted": "nothing is sent"}
_ORDINARY = frozenset({"exit_cooldown"})  # after every exit, as the strategy was told to


def notable(entry: msgspec.Struct) -> str:
    """One line for people; "" for what is ordinary."""
    match entry:
        case TradingStateChanged() if entry.cause not in _ORDINARY:
            return _trading(entry)
        case ReportRefused(quarantined=True):
            return f"the venue contradicts itself on order {entry.order} ({entry.reason}): no entries in its market"
        case OrderUnknown():
            return f"the venue did not tell what became of order {entry.order} ({entry.reason})"
        case LimitsChanged():
            return f"the limits of {entry.strategy or 'the account'} were changed by {entry.actor or 'nobody named'}"
        case MarketEnded():
            return "the market has ended"
        case DaemonStarted():
            return f"started (epoch {entry.epoch}, version {entry.version})"
        case DaemonStopped():
            return f"stopped ({entry.reason}), {entry.open_orders} orders left live"
    return ""


def _trading(event: TradingStateChanged) -> str:
    whose = event.strategy or "the account"
    where = f" in {event.symbol}" if event.symbol else ""
    why = f"{event.cause}: {event.detail}" if event.detail else event.cause
    closing = ", every position is closed" if event.flatten else ""
    return f"{whose}{where}: {_STATES[event.state]}{closing} ({why})"
