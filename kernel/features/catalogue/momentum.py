"""How fast and how steadily the price moves: oscillators, rates of change, and the events that they make."""

from kernel.features.declaration import feature, group

__all__ = ["FEATURES"]

FEATURES = group(
    "momentum",
    feature("rsi_7", "rsi", period=7),
    feature("rsi_14", "rsi", period=14),
    feature("rsi_14_5m", "rsi", period=14, timeframe="5m"),
    feature("rsi_14_1h", "rsi", period=14, timeframe="1h"),
    feature("rsi_14_6h", "rsi", period=14, timeframe="6h"),
    feature("stochastic_k_14", "stochastic", output="k", period=14),
    feature("stochastic_d_14", "stochastic", output="d", period=14),
    feature("stochastic_k_14_1h", "stochastic", output="k", period=14, timeframe="1h"),
    feature("williams_r_14", "williams_r", period=14),
    feature("momentum_10", "momentum", period=10),
    feature("roc_15", "roc", period=15),
    feature("roc_60", "roc", period=60),
    feature("roc_12_1h", "roc", period=12, timeframe="1h"),
    feature("cci_20", "cci", period=20),
    feature("tsi_25_13", "tsi", slow=25, fast=13),
    feature("macd_line", "macd", output="line"),
    feature("macd_signal", "macd", output="signal"),
    feature("macd_histogram", "macd", output="histogram"),
    feature("macd_histogram_1h", "macd", output="histogram", timeframe="1h"),
    feature("ppo_line", "ppo", output="line"),
    feature("ppo_line_1h", "ppo", output="line", timeframe="1h"),
    feature("ultimate_7_14_28", "ultimate"),
    feature("trix_15", "trix", period=15),
    feature("cmo_14", "cmo", period=14),
    feature("awesome_5_34", "awesome"),
    feature("highest_20", "highest", period=20),
    feature("close_to_highest_20", "ratio", "close", "highest_20"),
    feature("zscore_20", "zscore", period=20),
    feature("zscore_100", "zscore", period=100),
    feature("rsi_14_zscore_100", "zscore", "rsi_14", period=100),
    feature("macd_cross", "crossing", "macd_line", "macd_signal"),
    feature("cusum_open", "cusum", output="open", threshold=0.0015),
    feature("cusum_up", "cusum", output="up", threshold=0.0015),
    feature("cusum_down", "cusum", output="down", threshold=0.0015),
)
