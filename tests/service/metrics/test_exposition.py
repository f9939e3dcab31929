"""The text that is made in pieces says what the library's own says, and histograms count as its own do."""

import asyncio
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Histogram as Reference
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from service import loop
from service.metrics.exposition import exposition
from service.metrics.histogram import Histogram
from service.metrics.runtime import RuntimeMetrics

values = st.one_of(st.floats(), st.integers(-(2**60), 2**60), st.sampled_from([math.inf, -math.inf, math.nan]))
series = st.dictionaries(st.tuples(st.text(max_size=8), st.text(max_size=8)), values, max_size=250)


class Families:
    def __init__(self, *families):
        self._families = families

    def collect(self):
        return iter(self._families)


def registry_of(*families) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Families(*families))
    return registry


def read(text: bytes) -> list[str]:
    """Every sample that the library's parser finds; written out, since NaN is not NaN."""
    found = text_string_to_metric_families(text.decode())
    return [repr((f.name, f.type, f.documentation, s.name, s.labels, s.value)) for f in found for s in f.samples]


@settings(max_examples=40)
@given(st.sampled_from([CounterMetricFamily, GaugeMetricFamily]), series, st.text(max_size=20))
def test_the_text_says_what_the_library_says(kind, series, documentation):
    # the library's own reader takes no carriage return in a label, and no lone one in a help
    family = kind("candled_x", documentation.replace("\r", ""), labels=("strategy", "symbol"))
    for labels, value in series.items():
        family.add_metric([label.replace("\r", "") for label in labels], value)
    registry = registry_of(family)
    assert read(loop.run(exposition(registry))) == read(generate_latest(registry))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.one_of(st.floats(0, 50), st.sampled_from([1.0, 2.5, 5.0])), st.integers(1, 4))))
def test_a_histogram_counts_as_the_locked_one_does(observed):
    bounds = (0.5, 1.0, 2.5, 5.0, 10.0)
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    own = Histogram("candled_x", "X.", ours, bounds)
    reference = Reference("candled_x", "X.", registry=theirs, buckets=bounds)
    for value, times in observed:
        own.observe(value, times)
        for _ in range(times):
            reference.observe(value)
    counted = [line for line in read(generate_latest(theirs)) if "_created" not in line and "_sum" not in line]
    assert [line for line in read(loop.run(exposition(ours))) if "_sum" not in line] == counted
    assert own._sum == pytest.approx(sum(value * times for value, times in observed))


def test_buckets_that_do_not_rise_are_refused():
    with pytest.raises(ValueError, match="candled_x"):
        Histogram("candled_x", "X.", CollectorRegistry(), (1.0, 1.0))


async def test_many_series_do_not_hold_the_loop():
    """A thousand markets: whoever waits meanwhile waits for one piece, never for the whole."""
    family = GaugeMetricFamily("candled_x", "X.", labels=("symbol",))
    for place in range(20_000):
        family.add_metric((f"S{place}/USDT",), place)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counter = asyncio.create_task(count())
    text = await exposition(registry_of(family))
    counter.cancel()
    assert text.count(b"\n") == 20_002
    assert turns >= 200


def test_everything_that_runtime_metrics_show_can_be_read():
    registry = CollectorRegistry()
    metrics = RuntimeMetrics(registry)
    metrics.build_info("1.0", "ab" * 32)
    metrics.queue_depth.labels("feed").set(7)
    lines = read(loop.run(exposition(registry)))
    assert any("'queue': 'feed'}, 7.0" in line for line in lines)
    assert any("process_resident_memory_bytes" in line for line in lines)
