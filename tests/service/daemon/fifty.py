"""Fifty markets for a day, as fast as they are taken, twice: python -m tests.service.daemon.fifty

Both streams must be the backtest. It says how long each took.
"""

import tempfile
import time
from pathlib import Path

from service.embedded.client import join
from tests.service.daemon.place import Place
from tests.service.made import dataset, walk

SYMBOLS, MINUTES = 50, 1_440
_TEXT = """
[strategy]
name = "fifty"
features = [
  { name = "fast", kind = "ema", period = 12 },
  { name = "slow", kind = "ema", period = 26 },
]
model = { kind = "cross", fast = "fast", slow = "slow" }
execution = { quantity = "0.01" }
[account]
cash = "1000000"
[venue]
fee_rate = "0.001"
"""


def main() -> None:
    """Run both, and compare."""
    with tempfile.TemporaryDirectory() as directory, join(Path(directory)):
        home = Path(directory)
        config = home / "fifty.toml"
        config.write_text(_TEXT)
        began = time.monotonic()
        datasets = [dataset(home, walk(MINUTES, seed), f"C{seed:02}/USDT") for seed in range(SYMBOLS)]
        place = Place(home, datasets, config)
        print(f"{time.monotonic() - began:6.1f} s  made and backtested: {place.backtest.result.fills} fills")
        for _ in range(2):
            began, stream = time.monotonic(), place.new_stream()
            ended = place.lives(stream)
            took_s = time.monotonic() - began
            records = len(place.check(stream, ended))
            print(f"{took_s:6.1f} s  {records:,} records, as the backtest: {ended.decisions_digest[:16]}")


if __name__ == "__main__":
    main()
