"""How returns are spread and hang together, where the price stands among its last ones, and whether it comes back."""

from kernel.features.declaration import feature, group

__all__ = ["FEATURES"]

FEATURES = group(
    "statistics",
    feature("lowest_20", "lowest", period=20),
    feature("close_to_lowest_20", "ratio", "close", "lowest_20"),
    feature("return_skew_60", "skew", "log_return_1", period=60),
    feature("return_kurtosis_60", "kurtosis", "log_return_1", period=60),
    feature("return_quantile_05_240", "quantile", "log_return_1", period=240, q=0.05),
    feature("return_quantile_95_240", "quantile", "log_return_1", period=240, q=0.95),
    feature("close_median_60", "quantile", period=60, q=0.5),
    feature("close_to_median_60", "ratio", "close", "close_median_60"),
    feature("close_rank_60", "rank", period=60),
    feature("volume_rank_60", "rank", "volume", period=60),
    feature("close_rank_24_1h", "rank", period=24, timeframe="1h"),
    feature("return_autocorrelation_60_lag_1", "autocorrelation", "log_return_1", period=60, lag=1),
    feature("return_autocorrelation_240_lag_5", "autocorrelation", "log_return_1", period=240, lag=5),
    feature("variance_ratio_120_lag_5", "variance_ratio", period=120, lag=5),
    feature("variance_ratio_480_lag_30", "variance_ratio", period=480, lag=30),
    feature("hurst_120", "hurst", period=120),
    feature("hurst_48_1h", "hurst", period=48, timeframe="1h"),
    feature("direction_entropy_60", "entropy", period=60, word=3),
    feature("size_volume_correlation_60", "correlation", "log_return_1_size", "volume", period=60),
    feature("return_volume_covariance_60", "covariance", "log_return_1", "volume", period=60),
    feature("drawdown_60", "drawdown", period=60),
    feature("drawdown_1440", "drawdown", period=1440),
    feature("drawdown_28_6h", "drawdown", period=28, timeframe="6h"),
    feature("run_length", "run_length"),
    feature("run_length_1h", "run_length", timeframe="1h"),
    feature("half_life_240", "half_life", period=240),
)
