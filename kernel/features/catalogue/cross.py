"""A market against BTC and ETH.

A candle sees another symbol's last candle of an earlier instant, so what goes together with it are the market's own
values of one candle ago. `btc_lead_240` sets it beside what followed. On BTC's or ETH's own market half of these say
nothing.
"""

from kernel.features.declaration import feature, group

__all__ = ["FEATURES"]

FEATURES = group(
    "cross",
    feature("btc_return_1", "log_return", "BTC/USDT:close", period=1),
    feature("btc_return_5", "log_return", "BTC/USDT:close", period=5),
    feature("btc_return_60", "log_return", "BTC/USDT:close", period=60),
    feature("btc_return_1_1h", "log_return", "BTC/USDT:close", period=1, timeframe="1h"),
    feature("eth_return_1", "log_return", "ETH/USDT:close", period=1),
    feature("eth_return_60", "log_return", "ETH/USDT:close", period=60),
    feature("btc_correlation_60", "correlation", "log_return_1_lag_1", "btc_return_1", period=60),
    feature("btc_correlation_240", "correlation", "log_return_1_lag_1", "btc_return_1", period=240),
    feature("btc_correlation_48_1h", "correlation", "log_return_1_1h", "btc_return_1_1h", period=48, timeframe="1h"),
    feature("btc_beta_240", "beta", "log_return_1_lag_1", "btc_return_1", period=240),
    feature("btc_lead_240", "correlation", "log_return_1", "btc_return_1", period=240),
    feature("eth_correlation_240", "correlation", "log_return_1_lag_1", "eth_return_1", period=240),
    feature("eth_beta_240", "beta", "log_return_1_lag_1", "eth_return_1", period=240),
    feature("btc_excess_return_60", "difference", "log_return_60", "btc_return_60"),
    feature("close_lag_1", "lag", period=1),
    feature("price_in_btc", "ratio", "close_lag_1", "BTC/USDT:close"),
    feature("price_in_eth", "ratio", "close_lag_1", "ETH/USDT:close"),
    feature("price_in_btc_zscore_240", "zscore", "price_in_btc", period=240),
    feature("price_in_btc_half_life_240", "half_life", "price_in_btc", period=240),
)
