"""Random cases: few prices, so that ties, touches and gaps are frequent; every kind of order, linked in every way.

A case is drawn from a `Random`: a seeded one, or hypothesis' own, which then makes it smaller.
"""

from dataclasses import dataclass
from decimal import Decimal
from random import Random

from kernel.account import Account
from kernel.events import OrderRequested
from kernel.instrument import Instrument
from kernel.messages import CandleClosed, InstantClosed
from kernel.money import from_units, multiply
from tests.venues.reference.desks import Detail
from venues.simulation import SimulatedVenueConfig

MINUTE = 60_000_000_000
BASES = ("BTC", "BNB")
LOW, HIGH = 6, 18  # all prices, in quote
KINDS = ("market", "limit", "limit", "stop_market", "stop_limit", "take_profit", "trailing_stop")


@dataclass(frozen=True)
class Cancel:
    order: int


Step = OrderRequested | Cancel | CandleClosed | InstantClosed


@dataclass(frozen=True)
class Case:
    """A venue and what it is told, in order."""

    config: SimulatedVenueConfig
    instruments: tuple[Instrument, ...]
    account: Account
    steps: tuple[Step, ...]
    detail: Detail
    seed: int = 0


def drawn_case(random: Random) -> Case:
    instruments = tuple(drawn_instrument(random, base) for base in BASES)
    market = Market(random, instruments)
    return Case(
        drawn_config(random), instruments, drawn_account(random), tuple(market.steps()), Detail(market.rows),
        random.randrange(4),
    )  # fmt: skip


def drawn_config(random: Random) -> SimulatedVenueConfig:
    def some(usual: object, *others: object) -> object:
        """The usual one in two of three cases."""
        return usual if random.randrange(3) else random.choice(others)

    return SimulatedVenueConfig(
        fill=random.choice(("same_close", "next_open")),
        fee_rate=some(None, Decimal("0.01"), Decimal(0)),
        maker_fee_rate=some(None, Decimal("0.002")),
        fee_asset=some("", "received", "BNB", "SOL"),
        slippage_rate=some(Decimal(0), Decimal("0.01"), Decimal("0.1")),
        spread_rate=some(Decimal(0), Decimal("0.05")),
        impact_rate=some(Decimal(0), Decimal("0.1")),
        volume_share=some(None, Decimal("0.25"), Decimal("0.5"), Decimal(1)),
        latency_ms=some(0, 1, 60_000, 90_000),
        latency_jitter_ms=some(0, 0, 30_000, 120_000),
        path=random.choice(("worst", "best", "open_high_low_close", "open_low_high_close")),
        limit_touch_probability=some(Decimal(0), Decimal("0.5"), Decimal(1)),
    )


def drawn_instrument(random: Random, base: str) -> Instrument:
    tick, lot = random.choice(("1", "1", "0.5", "2", "0.3")), random.choice(("1", "1", "0.5"))
    smallest = random.choice(("0", "0", "0", "12"))
    numbers = (Decimal(text) for text in (tick, lot, smallest, "0.001"))
    return Instrument(f"{base}/USDT", base, "USDT", 1, 1, *numbers)


def drawn_account(random: Random) -> Account:
    rich = bool(random.randrange(3))
    held = (("USDT", 1000, 60), ("BTC", 100, 5), ("BNB", 100, 3))
    balances = {asset: Decimal(much if rich else random.randint(0, few)) for asset, much, few in held}
    marks = {base: f"{base}/USDT" for base in BASES}
    if random.randrange(3):
        return Account("USDT", balances, marks)
    return Account("USDT", balances, marks, "margin", Decimal(random.choice(("0.5", "1", "2"))))


class Market:
    """Two markets and one or two traders, minute after minute."""

    def __init__(self, random: Random, instruments: tuple[Instrument, ...]):
        self.random, self.instruments = random, instruments
        self.closes = {instrument.symbol: 12 for instrument in instruments}
        self.requests: list[OrderRequested] = []
        self.rows: dict[tuple[str, int], list[tuple[int, int, int, int, int, int]]] = {}
        self.strategies = ("a", "b")[: random.choice((1, 1, 2))]
        self.detailed = random.randrange(4) == 0
        self.quiet = random.randrange(6) == 0  # one plain order at a time: what most strategies send
        self.now = 0

    def steps(self) -> list[Step]:
        random, steps = self.random, []
        second = random.randrange(3)  # in two of three cases the second market is there for its price alone
        for minute in range(random.randint(4, 12)):
            for n, instrument in enumerate(self.instruments):
                if minute and (random.randrange(8) == 0 or (n and second and random.randrange(3))):
                    continue  # no candle
                steps.append(self.candle(instrument, minute))
                for _ in range(random.choice((0, 1) if self.quiet else (0, 0, 1, 1, 2))):
                    traded = self.instruments[0] if second else random.choice(self.instruments)
                    steps += self.action(traded)
            if steps and random.randrange(4) == 0:
                steps.append(InstantClosed(self.now))
        return steps

    def candle(self, instrument: Instrument, minute: int) -> CandleClosed:
        random, symbol, opens = self.random, instrument.symbol, minute * MINUTE
        count = random.choice((1, 2, 3)) if self.detailed else 1
        rows = [self.row(symbol, opens + n * (MINUTE // count)) for n in range(count)]
        if count > 1:
            self.rows[symbol, opens] = rows
        high, low = max(r[2] for r in rows), min(r[3] for r in rows)
        self.now = opens + MINUTE
        volume = sum(r[5] for r in rows)
        return CandleClosed(self.now, symbol, opens, rows[0][1], high, low, rows[-1][4], volume)

    def row(self, symbol: str, opens: int) -> tuple[int, int, int, int, int, int]:
        random, last = self.random, self.closes[symbol]
        first = last if random.randrange(3) else self.near(last, 3)
        close = self.near(first, 3)
        high = min(HIGH, max(first, close) + random.choice((0, 0, 1, 2, 4)))
        low = max(LOW, min(first, close) - random.choice((0, 0, 1, 2, 4)))
        self.closes[symbol] = close
        return (opens, *(price * 10 for price in (first, high, low, close)), random.choice((0, 10, 40, 80, 200)))

    def near(self, price: int, far: int) -> int:
        return min(HIGH, max(LOW, price + self.random.randint(-far, far)))

    def action(self, instrument: Instrument) -> list[Step]:
        random, sent = self.random, len(self.requests)
        if self.quiet:
            return [self.order(instrument, kind=random.choice(("market", "market", "market", "limit", "stop_market")))]
        what = random.randrange(12)
        if what < 1 and sent:
            return [Cancel(random.randint(max(1, sent - 5), sent))]
        if what == 2 and sent:
            return [self.amended(random.choice(self.requests[-4:]))]
        if what == 3 and sent and not random.randrange(6):
            return [random.choice(self.requests)]  # once more
        if what < 7:
            return self.bracket(instrument)
        if what == 7:
            return self.linked(instrument, parent=0, side=random.choice(("buy", "sell")))
        return [self.order(instrument, **self.terms(instrument))]

    def terms(self, instrument: Instrument) -> dict[str, object]:
        """Whatever comes: now and then with a parent, a group, or a limit to its time."""
        random, sent = self.random, len(self.requests)
        terms: dict[str, object] = {"reduce_only": random.randrange(8) == 0}
        if sent and random.randrange(6) == 0:
            terms["parent"] = random.randint(max(1, sent - 3), sent)
        if sent and random.randrange(8) == 0:
            terms["group"] = random.randint(max(1, sent - 3), sent)
        return terms

    def bracket(self, instrument: Instrument) -> list[Step]:
        """An entry, and what takes it back."""
        entry = self.order(instrument)
        other = "sell" if entry.side == "buy" else "buy"
        return [entry, *self.linked(instrument, entry.order, other, strategy=entry.strategy, quantity=entry.quantity)]

    def linked(self, instrument: Instrument, parent: int, side: str, **terms: object) -> list[Step]:
        random, group = self.random, len(self.requests) + 1 if self.random.randrange(5) else 0
        terms.setdefault("strategy", random.choice(self.strategies))
        terms["reduce_only"] = random.randrange(2 if parent else 8) == 0
        kinds = [("stop_market", "limit"), ("stop_limit", "take_profit"), ("trailing_stop", "limit")]
        chosen = random.choice((*kinds, kinds[0], random.choices(KINDS, k=3)))
        same = dict(terms, side=side, parent=parent, group=group)
        return [self.order(instrument, kind=kind, **same) for kind in chosen[: random.choice((1, 2, 2, 3))]]

    def amended(self, old: OrderRequested) -> OrderRequested:
        (instrument,) = (i for i in self.instruments if i.symbol == old.symbol)
        same = {name: getattr(old, name) for name in ("strategy", "side", "kind", "parent", "group", "reduce_only")}
        return self.order(instrument, replaces=old.order, **same)

    def order(self, instrument: Instrument, **terms: object) -> OrderRequested:
        random = self.random
        kind = terms.pop("kind", None) or random.choice(KINDS)
        side = terms.pop("side", None) or random.choice(("buy", "sell"))
        terms.setdefault("strategy", random.choice(self.strategies))
        lot = instrument.lot if random.randrange(30) else Decimal("0.7")
        quantity = terms.pop("quantity", None) or multiply(lot, Decimal(random.choice((1, 1, 2, 2, 3, 4, 6))))
        terms |= self.prices(instrument, kind, 1 if side == "buy" else -1)
        time_in_force = random.choice(("gtc",) * 8 + ("ioc", "fok", "gtd", "day"))
        if time_in_force in ("gtd", "day"):
            terms["expires_at"] = self.now + random.choice((0, 1, 2, 3, 5)) * MINUTE - random.choice((0, 0, 1))
            terms["expires_at"] = max(terms["expires_at"], self.now)
        post_only = kind in ("limit", "stop_limit") and random.randrange(4) == 0 and time_in_force not in ("ioc", "fok")
        strategy = terms.pop("strategy")
        request = OrderRequested(
            self.now, strategy, instrument.symbol, 0, len(self.requests) + 1, side, kind, quantity,
            time_in_force=time_in_force, post_only=post_only, **terms,
        )  # fmt: skip
        self.requests.append(request)
        return request

    def prices(self, instrument: Instrument, kind: str, sign: int) -> dict[str, object]:
        """Mostly on the side of the last close where the order has to wait."""
        random, close = self.random, self.closes[instrument.symbol]

        def level(away: int) -> Decimal:
            units = 10 * (close + away * random.choice((0, 1, 1, 2, 3, 4, -1)))
            tick = int(instrument.tick.scaleb(1))
            on_tick = units // tick * tick if random.randrange(12) else units
            return from_units(max(on_tick, tick), 1)

        if kind == "trailing_stop":
            share = random.randrange(2) == 0
            away = from_units(random.choice((5, 10, 20, 30)), 2 if share else 1)
            return {"trail_rate" if share else "trail": away}
        names = {"limit": ("price",), "stop_limit": ("trigger", "price"), "market": ()}.get(kind, ("trigger",))
        ways = {"trigger": -sign if kind == "take_profit" else sign, "price": random.choice((-sign, -sign, sign))}
        return {name: level(ways[name]) for name in names}
