"""The six steps of the candle pipeline, one file each: callables that give the context back, or a SkipReason."""
