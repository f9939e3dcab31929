"""Whether there is a trend, which way, how straight and how strong: on the candles and on longer bars."""

from kernel.features.declaration import feature, group

__all__ = ["FEATURES"]

FEATURES = group(
    "trend",
    feature("adx_14", "adx", period=14),
    feature("plus_di_14", "adx", output="plus_di", period=14),
    feature("minus_di_14", "adx", output="minus_di", period=14),
    feature("di_difference_14", "difference", "plus_di_14", "minus_di_14"),
    feature("adx_14_5m", "adx", period=14, timeframe="5m"),
    feature("adx_14_1h", "adx", period=14, timeframe="1h"),
    feature("adx_14_6h", "adx", period=14, timeframe="6h"),
    feature("aroon_oscillator_25", "aroon", output="oscillator", period=25),
    feature("aroon_oscillator_100", "aroon", output="oscillator", period=100),
    feature("aroon_oscillator_25_1h", "aroon", output="oscillator", period=25, timeframe="1h"),
    feature("psar_stop", "psar", step=0.02, maximum=0.2),
    feature("psar_direction", "psar", output="direction", step=0.02, maximum=0.2),
    feature("psar_direction_1h", "psar", output="direction", step=0.02, maximum=0.2, timeframe="1h"),
    feature("close_to_psar_stop", "ratio", "close", "psar_stop"),
    feature("supertrend_band_10", "supertrend", period=10, multiplier=3.0),
    feature("supertrend_direction_10", "supertrend", output="direction", period=10, multiplier=3.0),
    feature("supertrend_direction_10_1h", "supertrend", output="direction", period=10, multiplier=3.0, timeframe="1h"),
    feature("close_to_supertrend_band_10", "ratio", "close", "supertrend_band_10"),
    feature("linreg_slope_14", "linreg", output="slope", period=14),
    feature("linreg_slope_60", "linreg", output="slope", period=60),
    feature("linreg_r2_60", "linreg", output="r2", period=60),
    feature("linreg_forecast_60", "linreg", output="forecast", period=60),
    feature("linreg_residual_60", "linreg", output="residual", period=60),
    feature("close_to_linreg_forecast_60", "ratio", "close", "linreg_forecast_60"),
    feature("linreg_r2_24_1h", "linreg", output="r2", period=24, timeframe="1h"),
    feature("vortex_plus_14", "vortex", output="plus", period=14),
    feature("vortex_minus_14", "vortex", output="minus", period=14),
    feature("vortex_difference_14", "difference", "vortex_plus_14", "vortex_minus_14"),
    feature("efficiency_10", "efficiency", period=10),
    feature("efficiency_60", "efficiency", period=60),
    feature("efficiency_24_1h", "efficiency", period=24, timeframe="1h"),
    feature("mass_index_25", "mass_index", period=25),
)
