"""What time it is: by the opening of the newest candle, UTC."""

from kernel.features.declaration import feature, group

__all__ = ["FEATURES"]

FEATURES = group(
    "time",
    feature("hour", "clock", output="hour"),
    feature("weekday", "clock", output="weekday"),
    feature("minute_of_day", "clock", output="minute_of_day"),
    feature("day_phase", "clock", output="day_phase"),
    feature("week_phase", "clock", output="week_phase"),
    feature("day_wave", "clock", output="day_wave"),
    feature("day_wave_late", "clock", output="day_wave_late"),
    feature("week_wave", "clock", output="week_wave"),
    feature("week_wave_late", "clock", output="week_wave_late"),
)
