"""After how many base candles a value is there: derived from the kinds, never declared."""

from collections.abc import Callable, Sequence

from kernel.features.resolve import Draft, Origin, Source

__all__ = ["warmups"]


def warmups(drafts: Sequence[Draft], sources: Sequence[Source], base_ns: int) -> Callable[[Origin], int]:
    """Says of a value from which base candle on it is there (1: the first), in data without gaps.

    A bar's node counts bars: the data may begin right after one has begun, and its first `ratio - 1` candles be lost.
    """
    inner: list[dict[str, int]] = []  # per node and output, in candles of the node's own clock
    ratios = [max(1, source.length_ns // base_ns) for source in sources]

    def own(origin: Origin, clock: int) -> int:
        """In candles of `clock`."""
        if origin.node < 0:
            foreign = origin.source >= 0 and sources[origin.source].symbol
            return 2 if foreign and ratios[clock] == 1 else 1  # another market is seen as it was an instant ago
        theirs, ratio = drafts[origin.node].clock, ratios[clock]
        count = inner[origin.node][origin.output]
        if theirs == clock:
            return count
        base = _in_base(count, ratios[theirs])
        return base if ratio == 1 else -(-base // ratio)

    for draft in drafts:
        first = max(own(origin, draft.clock) for origin in draft.inputs)
        inner.append({name: first + o.warmup(*draft.params) - 1 for name, o in draft.kind.outputs.items()})
    return lambda origin: own(origin, 0)


def _in_base(bars: int, ratio: int) -> int:
    return bars if ratio == 1 else ratio - 1 + bars * ratio
