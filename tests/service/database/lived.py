"""Turns of a real kernel in a rough market: two strategies, one account, brackets, an operator, and a venue that lies.

The kernel that made them is the oracle of what is projected from them.
"""

import random
from decimal import Decimal
from typing import NamedTuple

from kernel.blueprint import RiskConfig
from kernel.brackets import Entry, Exits
from kernel.kernel import Kernel
from kernel.messages import (
    AmendOrder,
    CancelOrder,
    InstantClosed,
    MarketEnded,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    SetTradingState,
)
from kernel.money import from_units, multiply
from kernel.risk.protections import LosingStreak, VolatilitySpike
from tests.kernel.given import BTC, ETH, MINUTE, OBEY, account, candles, opened, opening, strategy

STRATEGIES = (
    strategy(
        OBEY, name="bracketed", entry=Entry("limit", Decimal("0.001"), time_in_force="gtd", minutes=9, post_only=True),
        exits=Exits(
            stop_loss=Decimal("0.02"), stop_limit=Decimal("0.001"), take_profit=Decimal("0.03"),
            trailing_stop=Decimal("0.01"), break_even=Decimal("0.001"),
        ),
    ),
    strategy(
        OBEY, name="timed", entry=Entry("stop_market", Decimal("0.001")),
        exits=Exits(trailing_amount=Decimal(3), minutes=3),
    ),
    strategy(OBEY, name="plain"),
)  # fmt: skip
RISK = RiskConfig(protections=(LosingStreak(2, "reduce", 5), VolatilitySpike(Decimal("0.3"), "flatten", 2)))
SYMBOLS = {instrument.symbol: instrument for instrument in (BTC, ETH)}
ACTS = ["candle"] * 6 + ["report"] * 9 + ["answer"] * 6 + ["command"]


class Lived(NamedTuple):
    """A log's turns, and the kernel after them."""

    kernel: Kernel
    turns: list[list]


def live(steps: int, seed: int) -> Lived:
    """So many messages, drawn by chance; each turn is what a log would hold of it."""
    chance = random.Random(seed)
    margin = account((BTC, ETH), kind="margin", leverage=Decimal(1_000))
    kernel = opened(STRATEGIES, BTC, ETH, account_of=margin, risk=RISK)
    made = [[opening((BTC, ETH), of=STRATEGIES, account_of=margin)]]
    for step in range(1, steps + 1):
        act = chance.choice(ACTS)
        if act == "candle":
            made += _instant(kernel, chance, step)
        elif act == "command":
            command = _command(kernel, chance, step)
            made.append([command, *kernel.turn(command)])
        elif kernel.state.orders_requested:
            report = _report(kernel, chance, step, likely=act == "answer")
            made.append([report, *kernel.turn(report)])
    end = MarketEnded(steps * MINUTE, kernel.state.ordinal)
    made.append([end, *kernel.turn(end)])
    return Lived(kernel, made)


def _instant(kernel: Kernel, chance: random.Random, step: int) -> list[list]:
    """The candles of a minute, one of which stays out of the log, as a backtest's do."""
    turns = []
    for instrument in SYMBOLS.values():
        close = chance.choice([499_0, 500_0, 501_0, 505_0, 700_0 if chance.random() < 0.05 else 500_0]) * 10
        (candle,) = candles([close + chance.randrange(4)], of=instrument, start=step * MINUTE)
        derived = list(kernel.turn(candle))
        turns.append(derived if instrument is BTC else [candle, *derived])
    closed = InstantClosed((step + 1) * MINUTE)
    return [*(turn for turn in turns if turn), [closed, *kernel.turn(closed)]]


def _command(kernel: Kernel, chance: random.Random, step: int):
    ts, after, state = step * MINUTE, kernel.state.ordinal, kernel.state
    order = chance.choice([*state.orders, 1])
    kind = chance.choice(["cancel", "amend", "amend", "set"])
    if kind == "cancel":
        return CancelOrder(ts, after, order, "sam")
    if kind == "amend":
        quantity = chance.choice([None, Decimal("0.75")])
        return AmendOrder(ts, after, order, None, None, quantity, "sam")
    trading = chance.choice(["active", "active", "reducing", "halted"])
    name = chance.choice(["", *state.books])
    return SetTradingState(ts, after, trading, name, trading != "active" and chance.random() < 0.5, "sam")


def _report(kernel: Kernel, chance: random.Random, step: int, *, likely: bool):
    """About a live order what a venue would say next, or about any order anything."""
    state = kernel.state
    ts, after = step * MINUTE, state.ordinal
    number = chance.choice([*state.orders] if likely and state.orders else range(1, state.orders_requested + 2))
    next_ones, any_ones = (
        ["accepted", "filled", "part", "canceled"],
        ["rejected", "expired", "unknown", "filled", "part"],
    )
    kind = chance.choice(next_ones if likely else any_ones)
    if kind == "accepted":
        return OrderAccepted(ts, after, number, f"v{number}")
    if kind == "rejected":
        return OrderRejected(ts, after, number, f"code {step}")
    if kind in ("filled", "part"):
        return _fill(kernel, chance, step, number, part=kind == "part")
    ended = {"canceled": OrderCanceled, "expired": OrderExpired, "unknown": OrderUnknown}[kind]
    return ended(ts, after, number, f"reason {step}")


def _fill(kernel: Kernel, chance: random.Random, step: int, number: int, *, part: bool) -> OrderFilled:
    state = kernel.state
    order = state.orders.get(number) or state.ended.get(number)
    quantity = Decimal("0.25") if part or order is None else order.left
    price = from_units(chance.randrange(49_000, 51_000), 2)
    return OrderFilled(
        step * MINUTE, state.ordinal, number, f"t{chance.randrange(60)}", price, quantity,
        multiply(price, Decimal("0.00001")), chance.choice(["USDT", "BTC" if order is None else "USDT"]),
        chance.choice(["maker", "taker"]), chance.choice([Decimal(0), Decimal("0.01")]), chance.random() < 0.2,
    )  # fmt: skip
