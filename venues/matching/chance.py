"""Chance as a function: of the seed and of what is drawn for. No stream runs, so nothing disturbs a draw."""

from hashlib import blake2b

__all__ = ["DRAWS", "draw"]

DRAWS = 2**64  # how many values a draw has, all as likely


def draw(seed: int, *parts: int) -> int:
    """A number from 0 to 2**64 - 1 that belongs to these parts."""
    text = ":".join(map(str, (seed, *parts)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
