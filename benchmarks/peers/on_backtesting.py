"""The rule on backtesting.py: averages made for all rows beforehand, then a Python `next` a candle."""

import backtesting
import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from peer import CASH, FAST_SPAN, FEE_RATE, SLOW_SPAN, Candles, Fill, Outcome, main


def average(closes: pd.Series, span: int, first_row: int) -> np.ndarray:
    values = pd.Series(closes).ewm(span=span, adjust=False).mean()
    values.iloc[:first_row] = np.nan
    return values.to_numpy()


class EmaCross(Strategy):
    # `next` is first called one candle after the first row where every indicator has a value.
    first_row = SLOW_SPAN - 2

    def init(self) -> None:
        self.fast = self.I(average, self.data.Close, FAST_SPAN, self.first_row)
        self.slow = self.I(average, self.data.Close, SLOW_SPAN, self.first_row)

    def next(self) -> None:
        fast, slow = self.fast[-1], self.slow[-1]
        if not self.position:
            if fast > slow:
                self.buy(size=1)
        elif fast < slow:
            self.position.close()


class Engine:
    def __init__(self, candles: Candles, fill_model: str) -> None:
        self.backtest = Backtest(
            candles.frame(), EmaCross, cash=CASH, commission=FEE_RATE, trade_on_close=fill_model == "same_close"
        )

    def run(self) -> None:
        self.result = self.backtest.run()

    def outcome(self) -> Outcome:
        strategy = self.result["_strategy"]
        fills = []
        for trade in [*strategy.closed_trades, *strategy.trades]:
            fills.append(Fill(trade.entry_bar, "buy", float(trade.entry_price)))
            if trade.exit_bar is not None:
                fills.append(Fill(trade.exit_bar, "sell", float(trade.exit_price)))
        return Outcome(fills, equity=float(self.result["Equity Final [$]"]))


if __name__ == "__main__":
    main("backtesting.py", backtesting.__version__, Engine)
