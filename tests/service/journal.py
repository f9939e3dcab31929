"""Turns such as a kernel makes, by hand and by chance, and the records of them."""

import random
from decimal import Decimal

from hypothesis import strategies as st

from kernel.account import Account
from kernel.events import (
    CancelRequested,
    CandlesSkipped,
    DecisionMade,
    EquityMarked,
    OrderRequested,
    PositionChanged,
    ReportRefused,
)
from kernel.instrument import Instrument
from kernel.messages import (
    MarketEnded,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    StreamOpened,
)
from service.log.record import Chain

MINUTE = 60_000_000_000
BTC = Instrument("BTC/USDT", "BTC", "USDT", 2, 5, Decimal("0.01"), Decimal("0.00001"), Decimal(5), Decimal("0.001"))
ACCOUNT = Account("USDT", {"USDT": Decimal(100_000_000)}, {"BTC": "BTC/USDT"})


def turns(orders: int, seed: int = 1) -> list[list]:
    """Whole turns around so many orders: filled in one or two parts, rejected, canceled, unanswered."""
    chance = random.Random(seed)
    made = [[StreamOpened(0, 0, "d" * 64, ("ema_cross",), ACCOUNT, (BTC,))]]
    position, cash = Decimal(0), Decimal(100_000_000)
    for order in range(1, orders + 1):
        candle = order * 27
        ts = candle * MINUTE
        price = Decimal(chance.randrange(1_500_000, 6_500_000)).scaleb(-2)
        symbol = chance.choice(["BTC/USDT", "ETH/USDT"])
        fate = chance.choice(["filled"] * 4 + ["halves", "rejected", "canceled", "unknown", "twice"])
        skipped = CandlesSkipped(ts, "ema_cross", candle - 26, candle - 1, {"target_unchanged": 26}, "ab" * 32)
        decision = DecisionMade(ts, "ema_cross", symbol, candle, "cd" * 32, 1, chance.random(), "ef" * 32, Decimal(1))
        request = OrderRequested(ts, "ema_cross", symbol, candle, order, "buy", "market", Decimal(1))
        made.append([skipped, decision, request])  # of a candle, which a backtest does not log
        if fate == "rejected":
            made.append([OrderRejected(ts, candle, order, "min_notional")])
            continue
        made.append([OrderAccepted(ts, candle, order, f"venue-{order}")])
        parts = [Decimal("0.25"), Decimal("0.75")] if fate == "halves" else [Decimal(1)]
        if fate == "canceled":
            parts = [Decimal("0.5")]
        if fate == "unknown":
            made.append([OrderUnknown(ts, candle, order, "timeout")])
            parts = []
        for part, quantity in enumerate(parts, 1):
            fee = price * quantity / 1000
            fill = OrderFilled(ts + part, candle, order, f"t{order}-{part}", price, quantity, fee, "USDT")
            position, cash = position + quantity, cash - price * quantity - fee
            changed = PositionChanged(
                ts + part, "ema_cross", symbol, order, position, price * position, Decimal(part), fee, "USDT", position,
                cash,
            )  # fmt: skip
            made.append([fill, changed, EquityMarked(ts + part, "fill", "USDT", cash, cash + price * position)])
            if fate == "twice":
                made.append(
                    [fill, ReportRefused(ts + part, order, "OrderFilled", "trade_already_booked", quarantined=False)]
                )
        if fate == "canceled":
            made[-1].append(CancelRequested(ts + 2, "ema_cross", symbol, order, "command"))
            made.append([OrderCanceled(ts + 3, candle, order, "by_us")])
    made.append([MarketEnded(orders * 27 * MINUTE, orders * 27)])
    return made


def entries(orders: int, seed: int = 1) -> list:
    return [entry for turn in turns(orders, seed) for entry in turn]


def records(orders: int, seed: int = 1, *, epoch: int = 1) -> list:
    return Chain(epoch=epoch).extend(entries(orders, seed))


def in_batches(items: list, sizes: list[int]) -> list[list]:
    """`items` cut into lists of the given sizes, over and over."""
    made, start = [], 0
    while start < len(items):
        size = sizes[len(made) % len(sizes)]
        made.append(items[start : start + size])
        start += size
    return made


batch_sizes = st.lists(st.integers(1, 40), min_size=1, max_size=5)
