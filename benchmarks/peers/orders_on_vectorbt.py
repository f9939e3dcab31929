"""The orders on vectorbt: `sl_stop` and `tp_stop` of `Portfolio.from_signals`, as shares of the entry's price."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import vectorbt as vbt
from orders_cases import MILLION, QUANTITY, Episode, Fill, Run
from orders_market import Candle, whole
from orders_peer import main

CASH = 100_000_000
NEAR = 1e-4  # units; a share of a float price comes back to the unit it was made from within 1e-8


def trade(run: Run, candles: Sequence[Candle], plan: Sequence[Episode]) -> Sequence[Fill]:
    columns = {
        name: np.array([getattr(c, name) for c in candles], dtype=float) / 100
        for name in ("open", "high", "low", "close")
    }
    late = int(run.fill == "next_open")
    price = columns["open" if late else "close"]
    rows = len(candles)
    signals = {name: np.zeros(rows, dtype=bool) for name in ("entries", "exits", "short_entries", "short_exits")}
    stops, targets = np.full(rows, np.nan), np.full(rows, np.nan)
    for episode in plan:
        long, row = episode.side == "buy", episode.row + late
        signals["entries" if long else "short_entries"][row] = True
        if not run.case.reverses:
            signals["exits" if long else "short_exits"][episode.leave + late] = True
        if run.case.trail_ppm:
            stops[row] = run.case.trail_ppm / MILLION
        else:
            stops[row] = share(price[row], episode.stop / 100, up=not long)
            targets[row] = share(price[row], episode.target / 100, up=long)
    signals["exits" if plan[-1].side == "buy" else "short_exits"][plan[-1].leave + late] = True
    index = pd.DatetimeIndex([pd.Timestamp(candle.open_time_ms, unit="ms") for candle in candles])
    portfolio = vbt.Portfolio.from_signals(
        pd.Series(columns["close"], index), **signals, price=price, size=QUANTITY, init_cash=CASH,
        open=columns["open"], high=columns["high"], low=columns["low"],
        sl_stop=stops, sl_trail=bool(run.case.trail_ppm), tp_stop=targets,
        stop_entry_price="fillprice", stop_exit_price="stoplimit", upon_stop_exit="close",
        upon_opposite_entry="reverse",
    )  # fmt: skip
    fills = []
    for order in portfolio.orders.records.itertuples():
        bought, size = order.side == 0, whole(order.size)
        fills.append(Fill(int(order.idx), size if bought else -size, to_units(order.price, up=bought)))
    return fills


def share(entry: float, level: float, *, up: bool) -> float:
    """The distance as a share. Errors: ValueError where the entry stands beyond it, which has no share."""
    distance = level / entry - 1 if up else 1 - level / entry
    if distance < 0:
        raise ValueError(f"{level} is no level for an entry at {entry}")
    return distance


def to_units(price: float, *, up: bool) -> int:
    """It knows no tick: the unit that the price was made from, else (a trailing stop's) the next one against it."""
    exact = price * 100
    nearest = round(exact)
    return nearest if abs(exact - nearest) < NEAR else math.ceil(exact) if up else math.floor(exact)


if __name__ == "__main__":
    main("vectorbt", vbt.__version__, trade)
