"""How far prices move: averages of ranges, bands and channels, deviations, and estimators of volatility."""

from kernel.features.declaration import feature, group

__all__ = ["FEATURES"]

FEATURES = group(
    "volatility",
    feature("true_range", "true_range"),
    feature("atr_14", "atr", period=14),
    feature("atr_percent_14", "atr", output="percent", period=14),
    feature("atr_percent_100", "atr", output="percent", period=100),
    feature("atr_percent_14_5m", "atr", output="percent", period=14, timeframe="5m"),
    feature("atr_percent_14_1h", "atr", output="percent", period=14, timeframe="1h"),
    feature("atr_percent_14_6h", "atr", output="percent", period=14, timeframe="6h"),
    feature("atr_14_to_100", "ratio", "atr_percent_14", "atr_percent_100"),
    feature("true_range_to_atr_14", "ratio", "true_range", "atr_14"),
    feature("stddev_20", "stddev", period=20),
    feature("return_stddev_60", "stddev", "log_return_1", output="sample", period=60),
    feature("return_variance_240", "variance", "log_return_1", output="sample", period=240),
    feature("bollinger_bandwidth_20", "bollinger", output="bandwidth", period=20),
    feature("bollinger_percent_b_20", "bollinger", output="percent_b", period=20),
    feature("bollinger_percent_b_20_1h", "bollinger", output="percent_b", period=20, timeframe="1h"),
    feature("keltner_position_20", "keltner", output="position", period=20),
    feature("keltner_position_20_1h", "keltner", output="position", period=20, timeframe="1h"),
    feature("donchian_position_20", "donchian", output="position", period=20),
    feature("donchian_position_240", "donchian", output="position", period=240),
    feature("donchian_position_24_1h", "donchian", output="position", period=24, timeframe="1h"),
    feature("parkinson_30", "parkinson", period=30),
    feature("garman_klass_30", "garman_klass", period=30),
    feature("rogers_satchell_30", "rogers_satchell", period=30),
    feature("yang_zhang_30", "yang_zhang", period=30),
    feature("yang_zhang_24_1h", "yang_zhang", period=24, timeframe="1h"),
    feature("ewm_deviation_32", "ewm_variance", "log_return_1", output="deviation", period=32),
    feature("realized_15", "realized", period=15),
    feature("realized_60", "realized", period=60),
    feature("realized_1440", "realized", period=1440),
    feature("realized_24_1h", "realized", period=24, timeframe="1h"),
    feature("realized_15_to_1440", "ratio", "realized_15", "realized_1440"),
    feature("choppiness_14", "choppiness", period=14),
    feature("choppiness_14_1h", "choppiness", period=14, timeframe="1h"),
)
