"""The domain fold as Prometheus families, and the part that keeps it up with the log."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec
import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kernel.errors import CandledError
from kernel.skip import SkipReason
from kernel.state import Book
from service.metrics.domain import DomainFold
from service.metrics.families import COUNTERS, SHOWN, STEPS, Family
from service.metrics.figures import figures
from service.metrics.tallies import Labels

__all__ = ["DomainMetrics"]

Series = Iterable[tuple[Labels, float]]
_CONTRADICTIONS = (CandledError, LookupError, ArithmeticError)
_OPEN = Family("Candles that ended undecided since the last record of them.", ("strategy", "step", "reason"))
_BROKEN = Family("1 when the domain metrics stand still because the log contradicts them: a bug.")


class DomainMetrics(Collector):
    """Give `committed` to the daemon's listeners, and this to a registry.

    `books` are the kernel's: their open folds of skips are shown beside what is in the log. A log that contradicts the
    fold stops the figures, with an error in the program's own log: trading does not depend on what shows it.
    """

    def __init__(self, fold: DomainFold, books: Callable[[], Mapping[str, Book]] = dict) -> None:
        self.fold = fold
        self.broken = ""
        self._books = books

    def committed(self, first_seq: int, entries: Sequence[msgspec.Struct]) -> None:
        """Take what became durable; what was taken already is passed over."""
        if self.broken:
            return
        fold = self.fold
        try:
            if first_seq > fold.seq + 1:
                raise CandledError(f"the metrics know the log up to {fold.seq}, and are given it from {first_seq}")
            for entry in entries[fold.seq + 1 - first_seq :]:
                fold.take(entry)
        except _CONTRADICTIONS as error:
            self._stop(error)

    def collect(self) -> Iterator[Metric]:
        """One family after the other, each as of now. Call it between turns: what was reported last is booked first."""
        try:
            self.fold.settle()
        except _CONTRADICTIONS as error:
            self._stop(error)
        for name, family in COUNTERS.items():
            yield _metric(name, family, self.fold.tallies.counts[name].items())
        shown: dict[str, list[tuple[Labels, float]]] = {name: [] for name in SHOWN}
        for name, labels, value in figures(self.fold):
            shown[name].append((labels, value))
        for name, family in SHOWN.items():
            yield _metric(name, family, shown[name])
        yield _metric("candled_open_skips", _OPEN, self._open_skips())
        yield _metric("candled_domain_metrics_broken", _BROKEN, [((), float(bool(self.broken)))])

    def describe(self) -> Iterator[Metric]:
        """The names, so that a registry refuses a second one of the same."""
        for name, family in (COUNTERS | SHOWN).items():
            yield _metric(name, family, ())

    def _stop(self, error: Exception) -> None:
        self.broken = str(error) or type(error).__name__
        structlog.get_logger("metrics").error("the domain metrics stand still", reason=self.broken, seq=self.fold.seq)

    def _open_skips(self) -> Series:
        for strategy, book in self._books().items():
            for reason in SkipReason:
                yield (strategy, STEPS[reason.label], reason.label), float(book.fold.count(reason))


def _metric(name: str, family: Family, series: Series) -> Metric:
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = kind(name, family.help, labels=family.labels)
    for labels, value in series:
        metric.add_metric(labels, value)
    return metric
