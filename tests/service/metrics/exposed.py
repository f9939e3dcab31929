"""Every metric that a real registry exposes, with its labels: of a daemon that has lived."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from kernel.limits import Limits
from kernel.messages import ChangeLimits
from service.metrics.collector import DomainMetrics
from service.metrics.domain import DomainFold
from service.metrics.families import COUNTERS, SHOWN
from service.metrics.runtime import RuntimeMetrics
from tests.kernel.given import CROSS, MINUTE, candles
from tests.service.both_ways import Setup
from tests.service.metrics.lived import Lived, lived


@dataclass(frozen=True)
class Exposed:
    """A family: `labels` are those that its series really carry."""

    name: str
    kind: str
    text: str
    labels: frozenset[str]

    @property
    def series(self) -> list[str]:
        """The names by which its series are asked for."""
        endings = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
        return [self.name + ending for ending in endings.get(self.kind, [""])]


def a_life() -> Lived:
    """Forty minutes of one market, traded."""
    setup = Setup(CROSS, [candles([500_00 + place * place * 7919 % 5003 for place in range(40)])])
    return lived(setup, [(20, ChangeLimits(0, 0, "tested", Limits(), "me"))])


def registry_of(life: Lived) -> CollectorRegistry:
    registry = CollectorRegistry()
    metrics = RuntimeMetrics(registry, data_dir=Path.cwd())
    metrics.build_info("1.0", "ab" * 32)
    metrics.queue_depth.labels("market").set(0)
    domain = DomainMetrics(DomainFold(), lambda: life.kernel.state.books)
    domain.committed(1, life.entries)
    registry.register(domain)
    return registry


def exposed(registry: CollectorRegistry) -> Mapping[str, Exposed]:
    """By name. A family without series has the labels that it declares."""
    return {metric.name: _exposed(metric) for metric in registry.collect()}


def _exposed(metric: Metric) -> Exposed:
    declared = (COUNTERS | SHOWN).get(metric.name)
    found = [frozenset(sample.labels) - {"le"} for sample in metric.samples]
    labels = frozenset(declared.labels) if declared is not None else found[0]
    assert set(found) <= {labels}, metric.name
    return Exposed(metric.name, metric.type, metric.documentation, labels)


def documented(text: str) -> Iterator[tuple[str, str, str]]:
    """The rows of the documentation's tables: name, labels, text."""
    return iter(re.findall(r"^\| `([a-z_]+)` \| ([a-z_, ]*?) *\| (.+?) *\|$", text, re.MULTILINE))


__all__ = ["MINUTE", "Exposed", "a_life", "documented", "exposed", "registry_of"]
