"""The rule on vectorbt: whole columns at once, no event, no order object; for the next open, signals one row later."""

import vectorbt as vbt
from peer import CASH, FAST_SPAN, FEE_RATE, SLOW_SPAN, Candles, Fill, Outcome, main


class Engine:
    def __init__(self, candles: Candles, fill_model: str) -> None:
        self.frame = candles.frame()
        self.at_close = fill_model == "same_close"

    def run(self) -> None:
        close = self.frame["Close"]
        fast = vbt.MA.run(close, FAST_SPAN, ewm=True, adjust=False).ma
        slow = vbt.MA.run(close, SLOW_SPAN, ewm=True, adjust=False).ma  # NaN, so no signal, before the 26th candle
        above, below = fast > slow, fast < slow
        if not self.at_close:
            above, below = above.vbt.signals.fshift(1), below.vbt.signals.fshift(1)
        self.portfolio = vbt.Portfolio.from_signals(
            close, entries=above, exits=below, price=close if self.at_close else self.frame["Open"],
            size=1, fees=FEE_RATE, init_cash=CASH, direction="longonly", freq="1min",
        )  # fmt: skip
        self.equity = float(self.portfolio.final_value())

    def outcome(self) -> Outcome:
        records = self.portfolio.orders.values
        sides = ("buy", "sell")
        fills = [Fill(int(order["idx"]), sides[order["side"]], float(order["price"])) for order in records]
        return Outcome(fills, equity=self.equity, fees=float(records["fees"].sum()))


if __name__ == "__main__":
    main("vectorbt", vbt.__version__, Engine)
