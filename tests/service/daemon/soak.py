"""The soak: a daemon on a long market, looked at while it runs. Nothing of it may grow with what it has seen.

    python -m tests.service.daemon.soak --minutes 60

Memory, open files and tasks are read every so often; the slope of each over the second half must be flat. At its end
the stream is the backtest.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import linear_regression
from typing import NamedTuple

from service.embedded.client import join
from tests.service.daemon.living import Living
from tests.service.daemon.place import Place
from tests.service.made import MEAN_REVERSION, dataset, walk

CANDLES_PER_S = 300


class Look(NamedTuple):
    """What was seen at one moment."""

    at_s: float
    candles: int
    rss_bytes: int
    files: int
    tasks: float


class Slopes(NamedTuple):
    """What an hour like the looked-at while would add."""

    rss_bytes: float
    files: float
    tasks: float


def soak(place: Place, stream: str, *, looks: int, every_s: float) -> list[Look]:
    """A daemon's life to its market's end, looked at so often from the moment on that it is ready."""
    with place.living(stream, "--exit-at-end", speed=str(60 * CANDLES_PER_S)) as living:
        living.endpoint()
        began = time.monotonic()
        seen = [_look(living, began, place_of * every_s) for place_of in range(looks)]
        place.check(stream, living.ended())
    return seen


def _look(living: Living, began: float, due_s: float) -> Look:
    time.sleep(max(0.0, began + due_s - time.monotonic()))
    status, figures = living.status(), living.metrics()
    files = sum(1 for _ in Path(f"/proc/{living.process.pid}/fd").iterdir())
    at_s = time.monotonic() - began
    return Look(at_s, status.market_messages, living.rss_bytes(), files, figures["candled_tasks"])


def slopes(seen: Sequence[Look]) -> Slopes:
    """Of the second half: what is made once is there by then."""
    late = seen[len(seen) // 2 :]
    at_h = [look.at_s / 3_600 for look in late]
    return Slopes(*(linear_regression(at_h, [look[place] for look in late]).slope for place in (2, 3, 4)))


def main() -> None:
    """Soak, and say what grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    rows = int(options.minutes * 60 * CANDLES_PER_S)
    with tempfile.TemporaryDirectory() as directory, join(Path(directory)):
        place = Place(Path(directory), [dataset(Path(directory), walk(rows))], MEAN_REVERSION)
        every_s = max(0.5, options.minutes * 60 / 200)
        seen = soak(place, "soak", looks=int(options.minutes * 60 * 0.9 / every_s), every_s=every_s)
    grown = slopes(seen)
    first, last = seen[len(seen) // 2], seen[-1]
    print(f"{last.candles} candles in {last.at_s:.0f} s; the stream ended as its backtest")
    print(
        f"memory {first.rss_bytes / 1e6:.1f} to {last.rss_bytes / 1e6:.1f} MB: {grown.rss_bytes / 1e6:+.1f} MB an hour"
    )
    print(f"files {first.files} to {last.files}, tasks {first.tasks:.0f} to {last.tasks:.0f}")
    assert last.rss_bytes - first.rss_bytes < 8e6
    half = len(seen) // 2
    for place in (3, 4):  # files, tasks: what comes and goes is left out by taking the least of ten
        least = [min(look[place] for look in looks) for looks in (seen[half : half + 10], seen[-10:])]
        assert abs(least[1] - least[0]) <= 2


if __name__ == "__main__":
    main()
