"""A feed with the faults of a real one: it drops, delays, repeats, revises and garbles candles, as a seed has it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from random import Random

from msgspec.structs import replace

from kernel.messages import CandleClosed, InstantClosed, MarketMessage
from venues.feed import Feed, Hole


@dataclass(frozen=True)
class Faults:
    """How probable each fault is, for every candle. What is dropped or garbled is `forgotten` by the history too."""

    dropped: float = 0.05
    delayed: float = 0.05
    repeated: float = 0.05
    revised: float = 0.05
    garbled: float = 0.05
    forgotten: float = 0.0


class FaultyFeed:
    """Wraps a feed. `given` is all it gave, `forgotten` are the candles, by symbol and open time, that are gone.

    Batches have other borders than the wrapped feed's; the history answers out of order, and tells things twice.
    """

    def __init__(self, feed: Feed, seed: int, faults: Faults) -> None:
        self._feed = feed
        self._chance = Random(seed)
        self._faults = faults
        self._held: list[tuple[int, MarketMessage]] = []
        self._shown: set[str] = set()
        self.given: list[MarketMessage] = []
        self.forgotten: set[tuple[str, int]] = set()
        self.resubscribed: list[str] = []

    async def batches(self) -> AsyncIterator[Sequence[MarketMessage]]:
        batch: list[MarketMessage] = []
        size = 1
        async for messages in self._feed.batches():
            for message in messages:
                batch += self._faulty(message)
                if len(batch) >= size:
                    self.given += batch
                    yield batch
                    batch, size = [], self._chance.choice([1, 2, 7, 100])
        batch += [message for _, message in self._held]
        if batch:
            self.given += batch
            yield batch

    async def backfill(self, holes: Sequence[Hole]) -> Sequence[CandleClosed]:
        history = await self._feed.backfill(holes)
        known = [candle for candle in history if (candle.symbol, candle.open_time) not in self.forgotten]
        told = known + [candle for candle in known if self._chance.random() < 0.2]
        self._chance.shuffle(told)
        return told

    async def resubscribe(self, symbol: str) -> None:
        self.resubscribed.append(symbol)

    def _faulty(self, message: MarketMessage) -> list[MarketMessage]:
        """What comes in the place of a message: itself and its ghosts, what was held back before, or nothing."""
        self._held = [(left - 1, held) for left, held in self._held]
        due = [held for left, held in self._held if left == 0]
        self._held = [(left, held) for left, held in self._held if left > 0]
        return [*self._in_its_place(message), *due]

    def _in_its_place(self, message: MarketMessage) -> list[MarketMessage]:
        if isinstance(message, InstantClosed):
            return [message]
        faults, chance = self._faults, self._chance
        if self._happens(faults.dropped):
            self._maybe_forget(message)
            return []
        if self._happens(faults.garbled):
            self._maybe_forget(message)
            return [garbled(message, chance, prices=message.symbol in self._shown)]
        if self._happens(faults.delayed):
            self._held.append((chance.choice([1, 1, 2, 5, 30]), message))
            self._maybe_forget(message)
            return []
        self._shown.add(message.symbol)
        came: list[MarketMessage] = [message]
        if self._happens(faults.repeated):
            self._held.append((chance.choice([1, 2, 20]), replace(message)))
            came.append(replace(message))
        if self._happens(faults.revised):
            came.append(replace(message, volume=message.volume + 1))
        return came

    def _maybe_forget(self, candle: CandleClosed) -> None:
        if self._happens(self._faults.forgotten):
            self.forgotten.add((candle.symbol, candle.open_time))

    def _happens(self, probability: float) -> bool:
        return self._chance.random() < probability


def garbled(candle: CandleClosed, chance: Random, *, prices: bool) -> CandleClosed:
    """Something like the candle that no market has shown. Absurd `prices` show only beside ones that were seen."""
    length = candle.ts - candle.open_time
    far = 100_000 * length
    made = [
        replace(candle, high=candle.low - 1),
        replace(candle, close=candle.high + 1),
        replace(candle, low=0),
        replace(candle, open=-candle.open, low=-candle.high),
        replace(candle, volume=-1),
        replace(candle, ts=candle.ts + 1),
        replace(candle, open_time=candle.open_time + 1, ts=candle.ts + 1),
        replace(candle, symbol="DOGE/USDT"),
    ]
    if prices:
        made += [
            replace(candle, open_time=candle.open_time + far, ts=candle.ts + far),
            replace(candle, high=candle.high * 15),
            replace(candle, low=candle.low // 15),
            replace(candle, **{name: getattr(candle, name) * 1000 for name in ("open", "high", "low", "close")}),
        ]
    return chance.choice(made)
