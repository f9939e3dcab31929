"""What was traded, at what prices and on which side."""

from kernel.features.declaration import feature, group

__all__ = ["FEATURES"]

FEATURES = group(
    "volume",
    feature("volume_zscore_60", "zscore", "volume", period=60),
    feature("volume_zscore_24_1h", "zscore", "volume", period=24, timeframe="1h"),
    feature("volume_share_60", "volume_share", period=60),
    feature("volume_share_24_1h", "volume_share", period=24, timeframe="1h"),
    feature("obv", "obv"),
    feature("obv_zscore_240", "zscore", "obv", period=240),
    feature("ad", "ad"),
    feature("ad_zscore_240", "zscore", "ad", period=240),
    feature("pvt", "pvt"),
    feature("pvt_zscore_240", "zscore", "pvt", period=240),
    feature("mfi_14", "mfi", period=14),
    feature("mfi_14_5m", "mfi", period=14, timeframe="5m"),
    feature("mfi_14_1h", "mfi", period=14, timeframe="1h"),
    feature("cmf_20", "cmf", period=20),
    feature("cmf_20_1h", "cmf", period=20, timeframe="1h"),
    feature("cmf_20_6h", "cmf", period=20, timeframe="6h"),
    feature("chaikin_3_10", "chaikin", fast=3, slow=10),
    feature("force_index_13", "force_index", period=13),
    feature("force_index_13_zscore_240", "zscore", "force_index_13", period=240),
    feature("vwap_60", "vwap", period=60),
    feature("vwap_1440", "vwap", period=1440),
    feature("close_to_vwap_60", "ratio", "close", "vwap_60"),
    feature("close_to_vwap_1440", "ratio", "close", "vwap_1440"),
    feature("vwap_session", "vwap_session", "typical_price", "volume", "minute"),
    feature("close_to_vwap_session", "ratio", "close", "vwap_session"),
    feature("ease_of_movement_14", "ease_of_movement", period=14),
    feature("ease_of_movement_14_1h", "ease_of_movement", period=14, timeframe="1h"),
    feature("amihud_60", "amihud", period=60),
    feature("amihud_1440", "amihud", period=1440),
    feature("amihud_24_1h", "amihud", period=24, timeframe="1h"),
)
