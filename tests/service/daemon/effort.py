"""How many examples the properties of the daemon draw: few by default; CANDLED_EFFORT=50 draws fifty times so many."""

import os

from hypothesis import settings

TIMES = int(os.environ.get("CANDLED_EFFORT", "1"))


def examples(count: int) -> settings:
    return settings(max_examples=count * TIMES)
