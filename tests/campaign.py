"""How much is drawn: a sample in every run of the tests, many times as much in a campaign (`make campaign`)."""

import os

TIMES = int(os.environ.get("CANDLED_TEST_TIMES", "1"))


def sample(count: int) -> int:
    """How many cases to draw where `count` are a sample."""
    return count * TIMES
