"""The rule on NautilusTrader: its compiled averages, a Python `on_bar`, orders through its risk and matching engines.

An order sent from `on_bar` meets the market that the bar's close left behind. It has no fill at the next candle's open.
"""

from decimal import Decimal

import nautilus_trader
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.indicators import ExponentialMovingAverage
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy
from peer import CASH, FAST_SPAN, FEE_RATE, SLOW_SPAN, Candles, Fill, Outcome, main

MINUTE_MS = 60_000
# Its market has the candle's volume and moves a tick against an order that is larger. The rule, and every other engine
# here, knows no depth: so each candle is given more than the one unit that is ever traded.
DEEP = 1_000.0


class EmaCross(Strategy):
    def __init__(self, bar_type: BarType) -> None:
        super().__init__()
        self.bar_type = bar_type
        self.fast = ExponentialMovingAverage(FAST_SPAN)
        self.slow = ExponentialMovingAverage(SLOW_SPAN)
        self.held = False
        self.filled = []

    def on_start(self) -> None:
        self.one = self.cache.instrument(self.bar_type.instrument_id).make_qty(1)
        self.register_indicator_for_bars(self.bar_type, self.fast)
        self.register_indicator_for_bars(self.bar_type, self.slow)
        self.subscribe_bars(self.bar_type)

    def on_bar(self, _bar: Bar) -> None:
        if not self.slow.initialized:  # from the 26th candle on
            return
        if self.held:
            if self.fast.value < self.slow.value:
                self._send(OrderSide.SELL)
        elif self.fast.value > self.slow.value:
            self._send(OrderSide.BUY)

    def _send(self, side: OrderSide) -> None:
        self.submit_order(self.order_factory.market(self.bar_type.instrument_id, side, self.one))

    def on_order_filled(self, event: OrderFilled) -> None:
        self.held = event.order_side == OrderSide.BUY
        self.filled.append((event.ts_event, self.held, float(str(event.last_px)), event.commission.as_decimal()))


class Engine:
    def __init__(self, candles: Candles, fill_model: str) -> None:
        if fill_model != "same_close":
            raise SystemExit("NautilusTrader has no fill at the next candle's open")
        self.candles = candles
        self.close_time_ns = (candles.open_time_ms + MINUTE_MS) * 1_000_000
        instrument = TestInstrumentProvider.btcusdt_binance()
        if instrument.taker_fee != Decimal(str(FEE_RATE)):
            raise SystemExit(f"the instrument's fee is {instrument.taker_fee}, not {FEE_RATE}")
        bar_type = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
        self.engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
        self.engine.add_venue(
            Venue("BINANCE"), OmsType.NETTING, AccountType.CASH, starting_balances=[Money(CASH, USDT)]
        )
        self.engine.add_instrument(instrument)
        self.engine.add_data(BarDataWrangler(bar_type, instrument).process(self._frame()))
        self.strategy = EmaCross(bar_type)
        self.engine.add_strategy(self.strategy)

    def _frame(self) -> pd.DataFrame:
        frame = self.candles.frame().rename(columns=str.lower).assign(volume=DEEP)
        return frame.set_index(pd.DatetimeIndex(self.close_time_ns, tz="UTC", name="timestamp"))

    def run(self) -> None:
        self.engine.run()

    def outcome(self) -> Outcome:
        row_at = {int(when): row for row, when in enumerate(self.close_time_ns)}
        filled = self.strategy.filled
        fills = [Fill(row_at[when], "buy" if bought else "sell", price) for when, bought, price, _ in filled]
        cash = self.engine.cache.account_for_venue(Venue("BINANCE")).balance_total(USDT).as_decimal()
        held = Decimal(self.strategy.held) * Decimal(self.candles.text(-1, "close"))
        return Outcome(fills, equity=float(cash + held), fees=float(sum(fee for *_, fee in filled)))


if __name__ == "__main__":
    main("NautilusTrader", nautilus_trader.__version__, Engine)
