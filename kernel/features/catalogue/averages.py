"""Moving averages of price, on the candles and on longer bars, and where price and averages stand to each other."""

from kernel.features.declaration import feature, group

__all__ = ["FEATURES"]

FEATURES = group(
    "averages",
    feature("sma_20", "sma", period=20),
    feature("sma_200", "sma", period=200),
    feature("sma_20_1h", "sma", period=20, timeframe="1h"),
    feature("ema_12", "ema", period=12),
    feature("ema_26", "ema", period=26),
    feature("ema_200", "ema", period=200),
    feature("ema_26_1h", "ema", period=26, timeframe="1h"),
    feature("ema_26_6h", "ema", period=26, timeframe="6h"),
    feature("wma_20", "wma", period=20),
    feature("dema_20", "dema", period=20),
    feature("tema_20", "tema", period=20),
    feature("trima_30", "trima", period=30),
    feature("kama_10", "kama", period=10),
    feature("kama_10_1h", "kama", period=10, timeframe="1h"),
    feature("hma_16", "hma", period=16),
    feature("hma_49_5m", "hma", period=49, timeframe="5m"),
    feature("vwma_20", "vwma", period=20),
    feature("vwma_100", "vwma", period=100),
    feature("wilder_14", "wilder", period=14),
    feature("zlema_21", "zlema", period=21),
    feature("volume_sma_60", "sma", "volume", period=60),
    feature("close_to_ema_26", "ratio", "close", "ema_26"),
    feature("close_to_vwma_100", "ratio", "close", "vwma_100"),
    feature("ema_12_to_ema_200", "ratio", "ema_12", "ema_200"),
    feature("volume_to_sma_60", "ratio", "volume", "volume_sma_60"),
)
