"""The orders on backtesting.py: `sl` and `tp` of an entry at the market, a limit or a stop."""

import warnings
from collections.abc import Sequence
from typing import ClassVar

import backtesting
import pandas as pd
from backtesting import Backtest, Strategy
from orders_cases import QUANTITY, Episode, Fill, Run
from orders_market import Candle, units, whole
from orders_peer import main

CASH = 100_000_000


class Planned(Strategy):
    plan: ClassVar[dict[int, Episode]] = {}
    leaves: ClassVar[frozenset[int]] = frozenset()

    def init(self) -> None: ...

    def next(self) -> None:
        row = len(self.data) - 1
        if row in self.leaves:
            for order in self.orders:
                if not order.is_contingent:
                    order.cancel()
            self.position.close()
        if row in self.plan:
            self._enter(self.plan[row])

    def _enter(self, episode: Episode) -> None:
        send = self.buy if episode.side == "buy" else self.sell
        limit, stop = (price / 100 if price else None for price in (episode.limit, episode.trigger))
        send(size=QUANTITY, limit=limit, stop=stop, sl=episode.stop / 100, tp=episode.target / 100)


def trade(run: Run, candles: Sequence[Candle], plan: Sequence[Episode]) -> Sequence[Fill]:
    Planned.plan = {episode.row: episode for episode in plan}
    Planned.leaves = frozenset(episode.leave for episode in plan)
    columns = {
        name: [getattr(candle, name.lower()) / 100 for candle in candles] for name in ("Open", "High", "Low", "Close")
    }
    index = pd.DatetimeIndex([pd.Timestamp(candle.open_time_ms, unit="ms") for candle in candles])
    frame = pd.DataFrame(columns, index=index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "the result is somewhat dubious": what is compared here
        backtest = Backtest(frame, Planned, cash=CASH, margin=0.5, trade_on_close=run.fill == "same_close")
        result = backtest.run()
    strategy = result["_strategy"]
    if strategy.trades:
        raise ValueError("a trade is open at the end")
    fills = []
    for done in strategy.closed_trades:
        fills.append(Fill(done.entry_bar, whole(done.size), units(str(done.entry_price))))
        fills.append(Fill(done.exit_bar, whole(-done.size), units(str(done.exit_price))))
    return fills


if __name__ == "__main__":
    main("backtesting", backtesting.__version__, trade)
