"""The EMA cross by hand: an oracle that shares no line with candled and none with its peers.

Rule of this file: exact or refused. Money is `Decimal` in a context that traps a lost digit; the averages carry 50
digits, and a crossing that these cannot tell from a tie is an error, never a guess.

The rule: two averages, 12 and 26 candles, both starting at the first close; after that each moves by 2 / (n + 1) of the
way to the new close. From the 26th candle on, flat and fast above slow buys one unit at the market, long and fast below
slow sells it. An order fills at the close that caused it (`same_close`) or at the next candle's open (`next_open`); one
that the last candle causes finds no next open. Each fill pays 0.1 % of its notional. A position stays open at the end.
"""

import argparse
import csv
import gzip
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, localcontext
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

FAST_SPAN, SLOW_SPAN = 12, 26
CASH = Decimal(100_000_000)
FEE_RATE = Decimal("0.001")
COLUMNS = ("open_time", "open", "close")
MONEY = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation])
AVERAGES = Context(prec=50, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
# Each update rounds thrice at 50 digits and forgets by at least 2/27, so an average is off by less than 1e-47 of the
# highest price. A spread beyond this share of it has a certain sign, with a hundredfold to spare.
CERTAIN = Decimal("1e-45")

FillModel = Literal["same_close", "next_open"]
Side = Literal["buy", "sell"]


class Candle(NamedTuple):
    """What the rule sees of a candle: when it opened (ms UTC), and its exact first and last price."""

    open_time_ms: int
    open: Decimal
    close: Decimal


class Fill(NamedTuple):
    """One unit traded at a price that stands in the candle which opened at `open_time_ms`."""

    open_time_ms: int
    side: Side
    price: Decimal


@dataclass(frozen=True)
class Account:
    """The end of a run: every fill, the fees they paid, the cash left, and cash plus position at the last close."""

    fills: tuple[Fill, ...]
    fees: Decimal
    cash: Decimal
    equity: Decimal

    @property
    def round_trips(self) -> int:
        return len(self.fills) // 2

    @property
    def digest(self) -> str:
        return digest(self.fills)


def run(candles: Sequence[Candle], fill: FillModel) -> Account:
    """Trade the rule over `candles`. Errors: ArithmeticError when a crossing is too close to call or money inexact."""
    orders = crossings([candle.close for candle in candles])
    if fill == "same_close":
        fills = [Fill(candles[row].open_time_ms, side, candles[row].close) for row, side in orders]
    else:
        after = ((row + 1, side) for row, side in orders if row + 1 < len(candles))
        fills = [Fill(candles[row].open_time_ms, side, candles[row].open) for row, side in after]
    return settle(fills, last_close=candles[-1].close)


def crossings(closes: Sequence[Decimal]) -> list[tuple[int, Side]]:
    """Rows at whose close an order is due, with its side. Errors: ArithmeticError when a sign is not certain."""
    first_move = next((row for row, close in enumerate(closes) if close != closes[0]), len(closes))
    orders: list[tuple[int, Side]] = []
    with localcontext(AVERAGES):
        fast_step, slow_step = Decimal(2) / (FAST_SPAN + 1), Decimal(2) / (SLOW_SPAN + 1)
        fast = slow = closes[0]  # exactly so, and a tie, until the price first moves
        certain = max(closes) * CERTAIN
        long = False
        for row in range(first_move, len(closes)):
            close = closes[row]
            fast += fast_step * (close - fast)
            slow += slow_step * (close - slow)
            if row < SLOW_SPAN - 1:
                continue
            spread = fast - slow
            if abs(spread) <= certain:
                raise ArithmeticError(f"row {row}: the averages are too close to call at {AVERAGES.prec} digits")
            if (spread > 0) is not long:
                long = not long
                orders.append((row, "buy" if long else "sell"))
    return orders


def settle(fills: Sequence[Fill], last_close: Decimal) -> Account:
    """Pay for `fills` in turn out of 100,000,000. Errors: decimal.Inexact when a digit would be lost."""
    with localcontext(MONEY):
        cash, fees, held = CASH, Decimal(0), 0
        for _, side, price in fills:
            sign = 1 if side == "buy" else -1
            fees += price * FEE_RATE
            cash -= sign * price + price * FEE_RATE
            held += sign
        return Account(tuple(fills), fees, cash, cash + held * last_close)


def digest(fills: Sequence[Fill]) -> str:
    """sha256 over one line a fill: open time in ms, side, price."""
    lines = (f"{at},{side},{text(price)}\n" for at, side, price in fills)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def text(value: Decimal) -> str:
    """The one shortest text of a number: no exponent, no trailing zero."""
    written = format(value, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def read(paths: Sequence[Path], rows: int | None = None) -> list[Candle]:
    """The first `rows` candles of the files one after the other: Parquet with decimal prices, or CSV (also gzipped).

    Columns used: open_time (int ms UTC), open, close.
    """
    lines = (line for path in paths for line in _texts(path))
    return [Candle(int(at), Decimal(opened), Decimal(closed)) for at, opened, closed in islice(lines, rows)]


def _texts(path: Path) -> Iterator[tuple[str, str, str]]:
    if path.suffix != ".parquet":
        return _csv_texts(path)
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = pq.read_table(path, columns=list(COLUMNS)).columns
    return zip(*(column.cast(pa.string()).to_pylist() for column in columns), strict=True)


def _csv_texts(path: Path) -> Iterator[tuple[str, str, str]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for row in csv.DictReader(lines):
            yield row["open_time"], row["open"], row["close"]


def main() -> None:
    parser = argparse.ArgumentParser(description="The EMA cross by hand, exact to the last digit.")
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--fill", choices=["same_close", "next_open"], required=True)
    parser.add_argument("--rows", type=int)
    arguments = parser.parse_args()
    candles = read(arguments.files, arguments.rows)
    started, cpu_started = time.perf_counter(), time.process_time()
    account = run(candles, arguments.fill)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    report = {
        "engine": "reference", "version": "1", "fill": arguments.fill, "candles": len(candles),
        "fills": len(account.fills), "round_trips": account.round_trips, "digest": account.digest,
        "fees": text(account.fees), "final_cash": text(account.cash), "final_equity": text(account.equity),
        "run_s": [seconds], "run_cpu_s": [cpu_seconds],
    }  # fmt: skip
    print(json.dumps(report))


if __name__ == "__main__":
    main()
