"""A log read once, record by record: into the ledger, the curve and the tallies. Nothing of it is kept besides."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from kernel.codec import EVENT_TYPES
from kernel.errors import CheckFailed
from kernel.events import EquityMarked
from kernel.messages import MarketEnded, StreamOpened
from kernel.money import ZERO
from research.report.curve import EquityCurve
from research.report.ledger import Ledger
from research.report.market import MARKET_TYPES, Market
from research.report.prices import Prices
from research.report.tallies import COUNTED_BY_REASON, Tallies
from service.log.record import GENESIS, Record, decoded

__all__ = ["Reading"]


class Reading:
    """What a log says. `markets` by symbol; the window's bounds are open times (ns, UTC), None where there is none.

    A log's own candles and notes are counted and no more: `markets` has the candles. `decisions` is the digest of the
    derived events alone (service/log/record.py).
    """

    ledger: Ledger
    curve: EquityCurve
    opened: StreamOpened

    def __init__(
        self, markets: Mapping[str, Market], *, first_ns: int | None = None, before_ns: int | None = None
    ) -> None:
        self.tallies = Tallies()
        self.decisions = sha256()
        self.records = 0
        self.head = GENESIS
        self.ended = False
        self._markets = markets
        self._first_ns = first_ns
        self._before_ns = before_ns
        self._newest = 0
        self._takers: dict[str, Callable[[Any], None]] = {"StreamOpened": self._open}

    def take(self, record: Record) -> None:
        """Fold the next record. Errors: LogCorrupt; CheckFailed where the log has no opening."""
        if record.type in EVENT_TYPES:
            self.decisions.update(
                f"{record.type} {record.schema_version} {record.ts} ".encode() + record.payload + b"\n"
            )
        if self.records == 0 and record.type != "StreamOpened":
            raise CheckFailed(f"the log begins with {record.type}, not with StreamOpened", fix="candled log verify RUN")
        self.records, self.head = record.seq, record.hash
        if record.type in MARKET_TYPES:
            self._newest = record.ts
        self.tallies.records[record.type] += 1
        taker = self._takers.get(record.type)
        if taker is not None:
            taker(decoded(record))

    def finish(self) -> None:
        """The log was read to its end. One that holds the market, and goes on, has come to its newest candle."""
        if self._newest and not self.ended:
            worth = self.ledger.worth(self._newest)
            if worth is not None:
                self.curve.value(self._newest, worth, self.ledger.gross(self._newest))

    def _open(self, opened: StreamOpened) -> None:
        self.opened = opened
        candles = {symbol: market.candles for symbol, market in self._markets.items() if market.candles is not None}
        prices = Prices(opened.account, candles, before_ns=self._before_ns)
        lengths = {symbol: market.length_ns for symbol, market in self._markets.items()}
        ledger = self.ledger = Ledger(opened, prices, lengths)
        started = opened.ts if self._first_ns is None else max(opened.ts, self._first_ns)
        self.curve = EquityCurve(started, opened.account.balances.get(opened.account.currency, ZERO))
        tallies = self.tallies
        self._takers |= {
            "OrderRequested": ledger.requested,
            "OrderFilled": ledger.filled,
            "PositionChanged": ledger.changed,
            "EquityMarked": self._mark,
            "MarketEnded": self._end,
            "CandlesSkipped": tallies.skipped,
            **dict.fromkeys(COUNTED_BY_REASON, tallies.refused),
        }

    def _mark(self, event: EquityMarked) -> None:
        self._newest = 0
        self.curve.mark(event, self.ledger.gross(event.ts))

    def _end(self, _: MarketEnded) -> None:
        self.ended = True
