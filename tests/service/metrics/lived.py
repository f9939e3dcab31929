"""Logs as a daemon writes them: candles are records too, operators and venues interfere, the feed has its faults."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec
from hypothesis import strategies as st

from kernel.features.engine import PlainEngine
from kernel.kernel import Kernel
from kernel.limits import Limits
from kernel.messages import (
    CancelAllOrders,
    CancelOrder,
    ChangeLimits,
    LoggedMessage,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    SetTradingState,
)
from kernel.notes import CandleDropped, CandleGap, CandleRevised, DaemonStarted, DaemonStopped, FeedChanged
from service.journal import BatchJournal
from service.session import Session
from tests.kernel.given import MINUTE, ListWriter, ending, finish, opening
from tests.service.both_ways import Setup
from tests.service.drawn_markets import MARKETS


class Kept(BatchJournal):
    """A journal that keeps everything, candles too, in `pending`."""

    keeps_market = True

    async def turned(self) -> None:
        """Nothing is written."""


@dataclass(frozen=True)
class Lived:
    """`turns` are the lengths of the log after each message of the market: whole turns."""

    kernel: Kernel
    entries: list[msgspec.Struct]
    turns: list[int]


def lived(setup: Setup, faults: Sequence[tuple[int, LoggedMessage]] = ()) -> Lived:
    """The market of a setup through kernel and venue; each fault comes after so many messages of the market."""
    begun, venue, _, _ = setup.begun(PlainEngine)
    kernel, journal = Kernel(begun.blueprint), Kept(ListWriter(), wire_prefix="t")
    session = Session(kernel, venue, journal)
    finish(session.message(opening(setup.instruments, of=setup.of, account_of=setup.account)))
    turns = []
    for place, message in enumerate(setup.stream):
        finish(session.market([message]))
        for _, fault in [given for given in faults if given[0] == place]:
            moved = msgspec.structs.replace(fault, ts=kernel.state.ts, after=kernel.state.ordinal)
            finish(session.message(moved))
        turns.append(len(journal.pending))
    finish(session.message(ending(setup.stream)))
    return Lived(kernel, journal.pending, [*turns, len(journal.pending)])


_numbers = st.integers(1, 12)
_strategy = st.sampled_from(["", "s0", "s1", "nobody"])
_symbol = st.sampled_from([own.symbol for own in MARKETS[:2]])
_fill = st.builds(
    OrderFilled, st.just(0), st.just(0), _numbers, st.sampled_from(["late-1", "late-2"]), st.just(Decimal(500)),
    st.sampled_from([Decimal(1), Decimal("0.4"), Decimal("0.001")]), st.just(Decimal(0)), st.just("USDT"),
)  # fmt: skip
_reports = st.one_of(
    _fill,
    st.builds(OrderAccepted, st.just(0), st.just(0), _numbers, st.just("v")),
    st.builds(OrderRejected, st.just(0), st.just(0), _numbers, st.sampled_from(["filter", "a word of the venue"])),
    *(st.builds(kind, st.just(0), st.just(0), _numbers, st.just("why")) for kind in (OrderCanceled, OrderExpired,
                                                                                   OrderUnknown)),
)  # fmt: skip
_commands = st.one_of(
    st.builds(
        SetTradingState, st.just(0), st.just(0), st.sampled_from(["active", "reducing", "halted"]), _strategy,
        st.booleans(), st.just("me"),
    ),
    st.builds(CancelOrder, st.just(0), st.just(0), _numbers, st.just("me")),
    st.builds(CancelAllOrders, st.just(0), st.just(0), _strategy, st.just(""), st.just("me")),
    st.builds(ChangeLimits, st.just(0), st.just(0), _strategy, st.just(Limits(max_open_orders=1)), st.just("me")),
)  # fmt: skip
_notes = st.one_of(
    st.builds(FeedChanged, st.just(0), st.just(0), _symbol, st.sampled_from(["stale", "live"])),
    st.builds(CandleGap, st.just(0), st.just(0), _symbol, st.just(0), st.just(3 * MINUTE)),
    st.builds(CandleDropped, st.just(0), st.just(0), _symbol, st.just(0), st.sampled_from(["late", "unusable"])),
    st.builds(CandleRevised, st.just(0), st.just(0), _symbol, *(st.just(1) for _ in range(6))),
    st.just(DaemonStarted(0, 0, 2, "0", "code")),
    st.just(DaemonStopped(0, 0, "signal", "keep", 0)),
)
faults = st.lists(st.tuples(st.integers(0, 40), st.one_of(_reports, _reports, _commands, _notes)), max_size=12)
