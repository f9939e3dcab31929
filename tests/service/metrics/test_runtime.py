"""What the runtime metrics are told, and what they then show."""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry

from service.daemon.health import Health
from service.metrics.process import ProcessMetrics
from service.metrics.runtime import RuntimeMetrics, watch_loop


def values(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def test_ready_is_what_health_says():
    registry = CollectorRegistry()
    metrics = RuntimeMetrics(registry)
    health = Health(metrics.heard)
    assert values(registry, "candled_ready") == {(): 0}
    health.say("daemon")
    assert values(registry, "candled_ready") == {(): 1}
    health.say("database", "gone")
    health.say("feed", "stale")
    health.say("feed")
    assert values(registry, "candled_problem") == {("daemon",): 0, ("database",): 1, ("feed",): 0}
    assert values(registry, "candled_ready") == {(): 0}
    health.say("database")
    assert health.ready
    assert values(registry, "candled_ready") == {(): 1}


def test_parts_without_end_make_no_series_without_end():
    registry = CollectorRegistry()
    metrics = RuntimeMetrics(registry)
    for place in range(500):
        metrics.heard(f"part {place}", "broken")
    assert len(values(registry, "candled_problem")) <= 33


async def test_a_stall_of_the_loop_is_seen():
    registry = CollectorRegistry()
    metrics = RuntimeMetrics(registry)
    watch = asyncio.create_task(watch_loop(metrics, every_s=0.01))
    await asyncio.sleep(0.05)
    time.sleep(0.3)  # noqa: ASYNC251 - the stall
    await asyncio.sleep(0.05)
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    buckets = values(registry, "candled_loop_stall_seconds_bucket")
    assert buckets["+Inf",] - buckets["0.1",] >= 1
    assert values(registry, "candled_loop_stall_seconds_sum")[()] > 0.2
    assert values(registry, "candled_tasks")[()] >= 2


def test_the_process_is_shown_also_where_proc_is_hidden(tmp_path):
    """Under ProcSubset=pid there is no /proc/stat; without any /proc there is still the processor time."""
    seen = {metric.name: metric.samples[0].value for metric in ProcessMetrics(tmp_path).collect()}
    with Path("/dev/null").open() as _file:
        more = {metric.name: metric.samples[0].value for metric in ProcessMetrics(tmp_path).collect()}
    assert more["process_open_fds"] == seen["process_open_fds"] + 1
    assert 1 << 20 < seen["process_resident_memory_bytes"] < 1 << 40
    assert seen["candled_data_dir_free_bytes"] > 0
    assert 0 < seen["process_cpu_seconds"] <= sum(os.times()[:2])
    hidden = {metric.name for metric in ProcessMetrics(None, tmp_path / "none").collect()}
    assert hidden == {"process_cpu_seconds", "process_start_time_seconds"}
