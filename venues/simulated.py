"""The simulated venue, candle depth: every kind of order against the prices that a candle shows.

Its state is a fold of the market messages it was shown and the orders it was sent: the same ones give the same
reports, and a snapshot of it is a copy. It keeps an account of its own, as a venue does. How orders are matched stands
in venues/matching/, what may be set in venues/simulation.py.
"""

from collections.abc import Mapping, Sequence

import msgspec

from kernel.account import Account
from kernel.events import OrderRequested
from kernel.instrument import Instrument
from kernel.messages import InstantClosed, MarketMessage, Report
from kernel.money import pinned
from venues.matching.bounds import EVERY, NOTHING, Wake, wake_of, widened
from venues.matching.candle import candle
from venues.matching.floor import Detail, Floor
from venues.matching.state import VenueState
from venues.matching.submission import cancel, submit
from venues.simulation import SimulatedVenueConfig
from venues.venue import (
    AbsentFinal,
    Accepted,
    AccountSnapshot,
    CancelOutcome,
    Done,
    Found,
    Gone,
    QueryOutcome,
    Rejected,
    SubmitOutcome,
)

__all__ = ["SimulatedVenue"]

_NOTHING: Sequence[Report] = ()


class SimulatedVenue:
    """See the module. `instruments` carry the fee rates that apply where the configuration names none.

    `seed` is what chance is a function of; `detail` gives finer candles, where they are known.
    """

    def __init__(
        self,
        config: SimulatedVenueConfig,
        instruments: Sequence[Instrument],
        account: Account,
        *,
        seed: int = 0,
        detail: Detail | None = None,
    ) -> None:
        self._floor = Floor(config, instruments, account, seed=seed, detail=detail)
        self.answers_at_once = not (config.latency_ms or config.latency_jitter_ms)
        self._knows_volume = self._floor.knows_volume
        self._state = self._floor.state
        self._watched: dict[str, Wake] = {}

    def take(self, message: MarketMessage) -> Sequence[Report]:
        """See a market message; work what its prices reach. A report follows the market message before this one."""
        state = self._state
        if isinstance(message, InstantClosed):
            state.ordinal += 1
            return _NOTHING
        reports, symbol = _NOTHING, message.symbol
        if self._knows_volume:
            state.volumes[symbol] = message.volume
            state.used.pop(symbol, None)
        if symbol in self._watched:
            low, high, ts = self._watched[symbol]
            if message.low <= low or message.high >= high or message.ts >= ts:
                reports = candle(self._floor, message, is_due=message.ts >= ts)
                self._watch(symbol)
        state.ordinal += 1
        state.ts = message.ts
        state.closes[symbol] = message.close
        return reports

    def passed(self, count: int, ts: int, closes: Mapping[str, int]) -> None:
        """Take candles that `wake` does not ask for, all at once: how many, the last time, the last closes."""
        state = self._state
        state.ordinal += count
        state.ts = ts
        state.closes.update(closes)

    def wake(self, symbol: str) -> Wake:
        """Which candles of a market `take` must be shown; any other may be passed."""
        return EVERY if self._knows_volume else self._watched.get(symbol, NOTHING)

    def reports(self) -> Sequence[Report]:
        """What happened to orders as they were sent, or canceled."""
        waiting = self._state.reports
        if not waiting:
            return _NOTHING
        self._state.reports = []
        return waiting

    async def submit(self, request: OrderRequested, client_order_id: str) -> SubmitOutcome:
        """Take an order; refuse one that breaks a rule of its market, or that the account cannot carry."""
        floor, symbol = self._floor, request.symbol
        refusal = submit(floor, request, client_order_id)
        if refusal:
            return Rejected(refusal)
        if floor.fills_at_close or request.replaces:
            self._watch(symbol)
        else:
            order = self._state.open_order(request.order)
            self._watched[symbol] = widened(self._watched.get(symbol, NOTHING), floor.rules[symbol], order)
        return Accepted(f"sim-{request.order}")

    async def query(self, client_order_id: str) -> QueryOutcome:
        """What became of an order; one that is absent is absent for good, since none gets lost on its way here."""
        state = self._state
        number = state.names.get(client_order_id)
        if number is None:
            return AbsentFinal()
        ended = state.ended.get(number)
        if ended is not None:
            return Found(f"sim-{number}", ended.status, ended.quantity, ended.filled)
        order = state.open_order(number)
        return Found(f"sim-{number}", "open", order.request.quantity, order.filled)

    async def cancel(self, client_order_id: str) -> CancelOutcome:
        """End an order, at once or when the wish has traveled: it may still be filled until then."""
        state = self._state
        number = state.names.get(client_order_id)
        if number is None or number not in state.homes:
            return Gone()
        order = state.open_order(number)
        cancel(self._floor, order)
        self._watch(order.request.symbol)
        return Done()

    async def account_snapshot(self) -> AccountSnapshot:
        """Balances and open orders after the newest market message."""
        state = self._state
        names = [state.open_order(number).client_order_id for number in state.homes]
        return AccountSnapshot(state.ts, dict(state.balances), names)

    def snapshot(self) -> bytes:
        """The whole state, as bytes that `restore` takes back."""
        with pinned():
            return msgspec.json.encode(self._state)  # which knows whole numbers of any size

    def restore(self, snapshot: bytes) -> None:
        """Become the venue that made `snapshot`."""
        self._state = msgspec.json.decode(snapshot, type=VenueState)
        self._floor.put(self._state)
        self._watched.clear()
        for symbol in self._state.books:
            self._watch(symbol)

    def _watch(self, symbol: str) -> None:
        """Note which candles matter now."""
        wake = wake_of(self._floor.rules[symbol], self._state.books[symbol].values())
        if wake is NOTHING:
            self._watched.pop(symbol, None)
        else:
            self._watched[symbol] = wake
