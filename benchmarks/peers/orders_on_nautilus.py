"""The orders on NautilusTrader: its bracket (what its stop or its target fills, the other loses), its trailing stop.

A resting limit that is touched and no more is not filled here (`prob_fill_on_limit=0`), as candled's is not by default;
in the runs called "touched" it is, which is the engine's own default.
"""

from collections.abc import Sequence
from decimal import Decimal

import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import FillModel
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import (
    AccountType,
    ContingencyType,
    OmsType,
    OrderSide,
    OrderType,
    TrailingOffsetType,
    TriggerType,
)
from nautilus_trader.model.events import OrderFilled, OrderRejected
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import MarketOrder, OrderList, StopMarketOrder
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy
from orders_cases import QUANTITY, Case, Episode, Fill, Run
from orders_market import Candle, price_text, units, whole
from orders_peer import main

CASH = 100_000_000
DEEP = "1000.000000"  # more than is ever ordered: a quarter of it is what each point of a bar offers
PERIODS = {60_000: "1-MINUTE", 3_600_000: "1-HOUR"}
INSTRUMENTS = {"BTC/USDT": TestInstrumentProvider.btcusdt_binance, "ETH/USDT": TestInstrumentProvider.ethusdt_binance}
ENTRIES = {"limit": OrderType.LIMIT, "stop_limit": OrderType.STOP_LIMIT}


class Planned(Strategy):
    def __init__(self, bar_type: BarType, case: Case, plan: Sequence[Episode]) -> None:
        super().__init__()
        self.bar_type, self.case = bar_type, case
        self.plan = {episode.row: episode for episode in plan}
        self.leaves = {episode.leave for episode in plan}
        self.row = -1
        self.filled: list[Fill] = []

    def on_start(self) -> None:
        self.instrument = self.cache.instrument(self.bar_type.instrument_id)
        self.size = self.instrument.make_qty(QUANTITY)
        self.subscribe_bars(self.bar_type)

    def on_bar(self, _bar: Bar) -> None:
        self.row += 1
        if self.row in self.leaves:
            self.cancel_all_orders(self.instrument.id)
            self.close_all_positions(self.instrument.id)
        if self.row in self.plan:
            self._enter(self.plan[self.row])

    def _enter(self, episode: Episode) -> None:
        side = OrderSide.BUY if episode.side == "buy" else OrderSide.SELL
        if self.case.trail:
            self.submit_order(self.order_factory.market(self.instrument.id, side, self.size))
            return
        bracket = self.order_factory.bracket(
            self.instrument.id, side, self.size, entry_post_only=False, tp_post_only=False,
            sl_trigger_price=price(episode.stop), tp_price=price(episode.target),
            **({"entry_order_type": ENTRIES[self.case.entry]} if self.case.entry in ENTRIES else {}),
            **({"entry_price": price(episode.limit)} if episode.limit else {}),
            **({"entry_trigger_price": price(episode.trigger)} if episode.trigger else {}),
        )  # fmt: skip
        if self.case.entry == "stop_market":
            bracket = OrderList(bracket.id, [stop_entry(bracket.first, price(episode.trigger)), *bracket.orders[1:]])
        self.submit_order_list(bracket)

    def on_order_filled(self, event: OrderFilled) -> None:
        bought = event.order_side == OrderSide.BUY
        size = whole(str(event.last_qty))
        # Fills made while a bar is matched come before that bar's `on_bar`, those of its orders after it.
        row = self.rows[event.ts_event]
        self.filled.append(Fill(row, size if bought else -size, units(str(event.last_px))))
        if self.case.trail and row in self.plan:
            trail = self.order_factory.trailing_stop_market(
                self.instrument.id, OrderSide.SELL if bought else OrderSide.BUY, self.size,
                trailing_offset=Decimal(price_text(self.case.trail)), trailing_offset_type=TrailingOffsetType.PRICE,
                trigger_type=TriggerType.BID_ASK, reduce_only=True,
            )  # fmt: skip
            self.submit_order(trail)

    def on_order_rejected(self, event: OrderRejected) -> None:
        if not event.reason.endswith("already closed"):  # the other of two, where one is filled as it arrives
            raise ValueError(f"rejected: {event.reason}")


def stop_entry(entry: MarketOrder, trigger: Price) -> StopMarketOrder:
    """The same order of a bracket as a stop, which the bracket's own factory does not make."""
    return StopMarketOrder(
        entry.trader_id, entry.strategy_id, entry.instrument_id, entry.client_order_id, entry.side, entry.quantity,
        trigger, TriggerType.DEFAULT, entry.init_id, entry.ts_init, contingency_type=ContingencyType.OTO,
        order_list_id=entry.order_list_id, linked_order_ids=entry.linked_order_ids,
    )  # fmt: skip


def trade(run: Run, candles: Sequence[Candle], plan: Sequence[Episode]) -> Sequence[Fill]:
    instrument = INSTRUMENTS[run.market.symbol]()
    bar_type = BarType.from_str(f"{instrument.id}-{PERIODS[run.market.candle_ms]}-LAST-EXTERNAL")
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        Venue("BINANCE"), OmsType.NETTING, AccountType.MARGIN, starting_balances=[Money(CASH, USDT)],
        default_leverage=Decimal(10), fill_model=FillModel(prob_fill_on_limit=float(run.settings == "touched")),
        bar_adaptive_high_low_ordering=run.settings == "adaptive",
        reject_stop_orders=False,  # else a stop that its entry's own candle has passed is refused, and nothing guards
    )  # fmt: skip
    engine.add_instrument(instrument)
    engine.add_data([bar(bar_type, instrument, candle, run.market.candle_ms) for candle in candles])
    strategy = Planned(bar_type, run.case, plan)
    strategy.rows = {closed_ns(candle, run.market.candle_ms): row for row, candle in enumerate(candles)}
    engine.add_strategy(strategy)
    engine.run()
    engine.dispose()
    return strategy.filled


def bar(bar_type: BarType, instrument: CurrencyPair, candle: Candle, candle_ms: int) -> Bar:
    at = closed_ns(candle, candle_ms)
    prices = (price(units_) for units_ in (candle.open, candle.high, candle.low, candle.close))
    return Bar(bar_type, *prices, Quantity(float(DEEP), instrument.size_precision), at, at)


def closed_ns(candle: Candle, candle_ms: int) -> int:
    return (candle.open_time_ms + candle_ms) * 1_000_000


def price(price_units: int) -> Price:
    return Price.from_str(price_text(price_units))


if __name__ == "__main__":
    main("nautilus", nautilus_trader.__version__, trade)
