"""The rule on backtrader: its own pandas feed, its default bulk indicators, `next` a candle.

Its EMA starts at the mean of its first window, so the average that starts at the first close is written here.
"""

import backtrader as bt
from peer import CASH, FAST_SPAN, FEE_RATE, SLOW_SPAN, Candles, Fill, Outcome, main


class FirstCloseEma(bt.Indicator):
    lines = ("ema",)
    params = (("span", 12),)

    def __init__(self) -> None:
        self.addminperiod(self.p.span)  # the strategy's `next` waits for the longest: the 26th candle

    def oncestart(self, start: int, end: int) -> None:
        """Nothing: `once` begins at the first row, not at the end of the warm-up."""

    def once(self, _start: int, end: int) -> None:
        closes, values, step = self.data.array, self.lines.ema.array, 2 / (self.p.span + 1)
        value = closes[0]
        for row in range(end):
            value += step * (closes[row] - value)
            values[row] = value


class EmaCross(bt.Strategy):
    def __init__(self) -> None:
        self.fast = FirstCloseEma(self.data, span=FAST_SPAN)
        self.slow = FirstCloseEma(self.data, span=SLOW_SPAN)
        self.executed = []

    def next(self) -> None:
        fast, slow = self.fast.lines.ema[0], self.slow.lines.ema[0]
        if not self.position:
            if fast > slow:
                self.buy(size=1)
        elif fast < slow:
            self.sell(size=1)

    def notify_order(self, order: bt.Order) -> None:
        if order.status == order.Completed:
            self.executed.append((order.executed.dt, order.isbuy(), order.executed.price, order.executed.comm))


class Engine:
    def __init__(self, candles: Candles, fill_model: str) -> None:
        self.cerebro = bt.Cerebro(stdstats=False)
        feed = bt.feeds.PandasData(dataname=candles.frame(), timeframe=bt.TimeFrame.Minutes, compression=1)
        self.cerebro.adddata(feed)
        self.cerebro.addstrategy(EmaCross)
        self.cerebro.broker.setcash(CASH)
        self.cerebro.broker.setcommission(commission=FEE_RATE)
        self.cerebro.broker.set_coc(fill_model == "same_close")

    def run(self) -> None:
        (self.strategy,) = self.cerebro.run()

    def outcome(self) -> Outcome:
        row_at = {when: row for row, when in enumerate(self.strategy.data.datetime.array)}
        fills = [
            Fill(row_at[when], "buy" if bought else "sell", price) for when, bought, price, _ in self.strategy.executed
        ]
        fees = sum(fee for *_, fee in self.strategy.executed)
        return Outcome(fills, equity=self.cerebro.broker.getvalue(), fees=fees)


if __name__ == "__main__":
    main("backtrader", bt.__version__, Engine)
