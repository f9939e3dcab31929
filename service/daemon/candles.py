"""The candle rules: what a feed gives becomes closed candles, each once and in order, or a note that says why not.

Before an instant begins, every candle of the instants before it has come, has been asked of the feed's history, or is
given up: a hole that the history fills leaves no trace, however many markets there are. What comes after that is late
and dropped: the kernel's time never goes back. A candle that is hard to believe is believed when the history says the
same. Notes are made without `ts` and `after`: whoever turns them sets both.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.messages import CandleClosed, InstantClosed, MarketMessage, WarmupCandle
from kernel.notes import Note
from kernel.state import Market
from service.daemon.awaited import BAND, Awaited, awaited, dropped, fitting, is_candle, misses, numbers
from venues.feed import Feed, Hole

__all__ = ["Admitted", "CandleRules"]

Admitted = MarketMessage | Note


class CandleRules:
    """Judges what `feed` gives. `lengths` are those of the markets' candles, ns, in the run's symbol order.

    `known` is what the kernel knows of the markets where a stream goes on. With a `first_ns` the window begins there:
    candles are missed from it on, and what the history has from before it is warm-up. With `instants`, an instant whose
    end the feed did not tell ends before the next begins.
    """

    def __init__(
        self,
        lengths: Mapping[str, int],
        feed: Feed,
        *,
        known: Mapping[str, Market],
        first_ns: int | None = None,
        instants: bool = False,
    ) -> None:
        self._feed = feed
        self._first_ns = first_ns
        self._instants = instants
        self._markets = {
            symbol: awaited(symbol, place, length, known.get(symbol), first_ns)
            for place, (symbol, length) in enumerate(lengths.items())
        }
        self._all = tuple(self._markets.values())
        self._floor = max((market.ts for market in known.values()), default=0)  # what has an earlier time is late
        self._unended = 0  # the instant of the newest candle, where its end is still to be told

    def newest(self) -> dict[str, int]:
        """When each market's newest candle closed, ns; before there is one: when the window begins, or -1."""
        return {market.symbol: market.opens for market in self._all}

    async def admit(self, batch: Sequence[MarketMessage]) -> Sequence[Admitted]:
        """What of a batch is to be turned, notes on the rest, and what the history fills in; all in order.

        About 0.3 us for a candle without anything to say about it. Errors: those of the feed's history.
        """
        done = self._take_plain(batch, 0)
        if done == len(batch):
            return batch
        out: list[Admitted] = [*batch[:done]]
        while done < len(batch):
            await self._judge(batch[done], out)
            start, done = done + 1, self._take_plain(batch, done + 1)
            out += batch[start:done]
        return out

    async def finish(self) -> Sequence[Admitted]:
        """Now that the market has ended: what was missed of the newest instants, and notes on what stays missing."""
        out: list[Admitted] = []
        newest = self._floor
        await self._fill(newest + 1, out)
        self._end_instant(out)
        return out + [gap for market in self._all if (gap := market.gap_before(newest + 1))]

    def _take_plain(self, batch: Sequence[MarketMessage], start: int) -> int:
        """Take messages from `start` on while they are candles without anything to say; gives how far that goes."""
        markets, instants, floor, unended = self._markets, self._instants, self._floor, self._unended
        end = len(batch)
        for place in range(start, end):
            candle: Any = batch[place]
            if candle.__class__ is InstantClosed or (market := markets.get(candle.symbol)) is None:
                end = place
                break
            ts, low, high, close, last = candle.ts, candle.low, candle.high, candle.close, market.last
            if (
                candle.open_time != market.opens
                or ts != market.closes
                or not 0 < low <= candle.open <= high
                or not low <= close <= high
                or candle.volume < 0
                or last > low * BAND
                or high > last * BAND
                or (ts != floor and (ts < floor or unended or misses(self._all, ts)))
            ):
                end = place
                break
            floor = ts
            market.opens, market.closes, market.last, market.newest = ts, ts + market.length, close, candle
            if instants and candle.__class__ is CandleClosed:
                unended = ts
        self._floor, self._unended = floor, unended
        return end

    async def _judge(self, message: MarketMessage, out: list[Admitted]) -> None:
        """Whatever is to be said of one message."""
        if isinstance(message, InstantClosed):
            await self._end(message, out)
            return
        market = self._markets.get(message.symbol)
        if market is None or not is_candle(message, market.length):
            out.append(dropped(message, "unusable"))
        elif market.has(message):
            out.append(market.again(message))
        elif message.ts < self._floor:
            out.append(dropped(message, "late"))
        elif market.doubts(message) and not await self._is_confirmed(message):
            out.append(dropped(message, "unusable"))
        else:
            await self._fill(message.ts, out)
            self._take(market, message, out)

    async def _end(self, message: InstantClosed, out: list[Admitted]) -> None:
        """The end of an instant; of one that has ended, or that later candles have passed, it says nothing new."""
        if message.ts >= self._floor:
            await self._fill(message.ts + 1, out)
            if self._unended < message.ts:
                self._end_instant(out)
            out.append(message)
            self._unended, self._floor = 0, message.ts + 1

    async def _fill(self, ts: int, out: list[Admitted]) -> None:
        """Have what is missing of the instants before `ts`, as far as the history knows it."""
        holes = {market.symbol: market.hole_before(ts) for market in self._all if market.closes < ts}
        if not holes:
            return
        history = await self._feed.backfill(list(holes.values()))
        found, unusable = fitting(history, holes, self._markets)
        out += [dropped(candle, "unusable") for candle in unusable]
        for candle in found:
            if candle.ts >= self._floor:
                self._take(self._markets[candle.symbol], self._of_its_kind(candle), out)
        for symbol, hole in holes.items():
            self._markets[symbol].give_up(hole)

    def _of_its_kind(self, candle: CandleClosed) -> CandleClosed:
        """History's candle, as what it is to the run."""
        warm = self._first_ns is not None and candle.open_time < self._first_ns
        return (WarmupCandle if warm else CandleClosed)(candle.ts, candle.symbol, candle.open_time, *numbers(candle))

    async def _is_confirmed(self, candle: CandleClosed) -> bool:
        history = await self._feed.backfill([Hole(candle.symbol, candle.open_time, candle.open_time)])
        return any(found.open_time == candle.open_time and numbers(found) == numbers(candle) for found in history)

    def _take(self, market: Awaited, candle: CandleClosed, out: list[Admitted]) -> None:
        if candle.ts > self._floor:
            self._end_instant(out)
        if gap := market.gap_before(candle.ts):
            out.append(gap)
        market.take(candle)
        out.append(candle)
        self._floor = candle.ts
        if self._instants and candle.__class__ is CandleClosed:
            self._unended = candle.ts

    def _end_instant(self, out: list[Admitted]) -> None:
        if self._unended:
            out.append(InstantClosed(self._unended))
            self._unended = 0
