"""What is ordered, when, and at which prices: the plan that every engine is given.

Rule of this file: an episode knows nothing of the one before. It enters at the close of its first candle, and what is
then still open is sold or canceled at the close of its last; so one difference never makes another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from orders_market import Candle, Market

REVERSALS = 80
QUANTITY = 2  # base units: a whole number, because backtesting.py trades no other
MILLION = 1_000_000

Side = Literal["buy", "sell"]
Path = Literal["worst", "best", "open_high_low_close", "open_low_high_close"]


@dataclass(frozen=True)
class Case:
    """Orders of one kind. Distances are parts per million of the price they stand on, `trail` is in quote.

    The entry is at the market, or `entry_ppm` away from the close: a limit on the better side, a stop beyond; the limit
    of a stop_limit stands `limit_ppm` of the close beyond its trigger. Stop and target stand on the entry's limit, or
    its trigger where it has none, else on the close. With `reverses` an episode ends where the next one begins.
    """

    name: str
    entry: Literal["market", "limit", "stop_market", "stop_limit"] = "market"
    entry_ppm: int = 0
    limit_ppm: int = 0
    stop_ppm: int = 0
    target_ppm: int = 0
    trail_ppm: int = 0
    trail: int = 0
    sides: tuple[Side, ...] = ("buy", "sell")
    reverses: bool = False


@dataclass(frozen=True)
class Run:
    """A case on a market, by one engine under one fill model; `path` is what candled takes for the same.

    `settings` are the peer's own words for what it is told besides.
    """

    engine: str
    case: Case
    market: Market
    fill: Literal["same_close", "next_open"]
    path: Path
    settings: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.case.name, self.settings, self.fill, self.market.name)))


class Episode(NamedTuple):
    """One entry and what guards it; prices in units of 0.01, 0 where there is no such order.

    `row` is the candle at whose close the orders are sent, `leave` the one at whose close the rest is ended.
    """

    row: int
    leave: int
    side: Side
    trigger: int
    limit: int
    stop: int
    target: int


class Fill(NamedTuple):
    """`quantity` is signed: what was bought is above zero."""

    row: int
    quantity: int
    price: int


def episodes(case: Case, market: Market, candles: Sequence[Candle]) -> list[Episode]:
    """The plan. Long and short in turn, unless the case knows one side only."""
    planned = []
    last = len(candles) - market.every
    rows = range(market.every // 2, last, market.every)
    hold = market.every * 3 // 10
    if case.reverses:
        hold = market.every // 10
        rows = range(market.every // 2, last, hold)[:REVERSALS]
    for number, row in enumerate(rows):
        side = case.sides[number % len(case.sides)]
        planned.append(Episode(row, row + hold, side, *_prices(case, candles[row].close, up=side == "buy")))
    return planned


def _prices(case: Case, close: int, *, up: bool) -> tuple[int, int, int, int]:
    """Trigger, limit, stop and target of what begins at `close`."""
    trigger = limit = 0
    if case.entry == "limit":
        limit = away(close, case.entry_ppm, up=not up)
    elif case.entry != "market":
        trigger = away(close, case.entry_ppm, up=up)
    if case.entry == "stop_limit":
        limit = away(trigger, case.limit_ppm, up=up, of=close)
    reference = limit or trigger or close
    stop = away(reference, case.stop_ppm, up=not up) if case.stop_ppm else 0
    target = away(reference, case.target_ppm, up=up) if case.target_ppm else 0
    return trigger, limit, stop, target


def away(price: int, ppm: int, *, up: bool, of: int = 0) -> int:
    """The unit that is at least `ppm` of itself, or `of` another price, away."""
    distance = (of or price) * ppm
    if up:
        return -(-(price * MILLION + distance) // MILLION)
    return (price * MILLION - distance) // MILLION


def by_episode(plan: Sequence[Episode], fills: Sequence[Fill]) -> dict[int, list[Fill]]:
    """The fills of each episode, by its row. Where one ends as the next begins, the older is closed first.

    Errors: ValueError for a fill that no episode can have made.
    """
    found: dict[int, list[Fill]] = {episode.row: [] for episode in plan}
    for fill in fills:
        begun = [episode.row for episode in plan if episode.row <= fill.row <= episode.leave + 1]
        if not 1 <= len(begun) <= 2:
            raise ValueError(f"{fill} belongs to {len(begun)} episodes")
        held = sum(older.quantity for older in found[begun[0]])
        closing = len(begun) == 2 and held * fill.quantity < 0
        if not closing:
            found[begun[-1]].append(fill)
            continue
        found[begun[0]].append(fill._replace(quantity=-held))
        if fill.quantity != -held:  # one order that turned the position around
            found[begun[1]].append(fill._replace(quantity=fill.quantity + held))
    return found
