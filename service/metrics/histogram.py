"""A histogram for one thread: an observation is a search and two additions, a fifth of the price of a locked one."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

__all__ = ["Histogram"]


class Histogram(Collector):
    """How often values up to each of `buckets` were seen, and their sum.

    Errors: ValueError for buckets out of order.
    """

    def __init__(self, name: str, text: str, registry: CollectorRegistry, buckets: Sequence[float]) -> None:
        if list(buckets) != sorted(set(buckets)):
            raise ValueError(f"the buckets of {name} must rise")
        self._name = name
        self._text = text
        self._bounds = tuple(buckets)
        self._counts = [0] * (len(buckets) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, value: float, times: int = 1) -> None:
        """Count a value, or so many equal ones."""
        self._counts[bisect_left(self._bounds, value)] += times
        self._sum += value * times

    def collect(self) -> Iterator[Metric]:
        """The one family, its buckets cumulative as Prometheus wants them."""
        cumulative, seen = [], 0
        for bound, count in zip((*(repr(float(b)) for b in self._bounds), "+Inf"), self._counts, strict=True):
            seen += count
            cumulative.append((bound, float(seen)))
        family = HistogramMetricFamily(self._name, self._text)
        family.add_metric([], cumulative, self._sum)
        yield family
