"""What is measured on the running daemon: how long things take, what waits, what is wrong. Gone with the process."""

import asyncio
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from service.metrics.histogram import Histogram
from service.metrics.process import ProcessMetrics

__all__ = ["RuntimeMetrics", "watch_loop"]

_SECONDS: Final = (
    5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
_TURN_SECONDS: Final = (5e-6, 1e-5, 2e-5, *_SECONDS)  # most candles take the kernel a few microseconds
_RECORDS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
_PARTS_MAX: Final = 32
_WATCH_S: Final = 0.1


class _Told(Collector):
    """A counter that another part keeps: `read` tells it, and is the composition root's to set."""

    def __init__(self, name: str, text: str, registry: CollectorRegistry) -> None:
        self.read: Callable[[], int] = int
        self._name = name
        self._text = text
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(self._name, self._text, self.read())


class RuntimeMetrics:
    """One for a daemon, over a registry of its own. The parts observe and set; nothing here is read back.

    `data_dir` is whose disk is watched. `heard` is what a Health tells its changes to. Of three counters `read` is to
    be set: to the log pump's `dropped`, and to `sent` and `lost` of the alerts.
    """

    def __init__(self, registry: CollectorRegistry, *, data_dir: Path | None = None) -> None:
        def timed(name: str, text: str, buckets: tuple[float, ...] = _SECONDS) -> Histogram:
            return Histogram(f"candled_{name}", text, registry, buckets)

        def shown(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"candled_{name}", text, labels, registry=registry)

        self.turn_s = timed("turn_seconds", "One message through the kernel.", _TURN_SECONDS)
        self.commit_s = timed("commit_seconds", "One append to the log, until it is durable.")
        self.commit_records = timed("commit_records", "Records in one append.", _RECORDS)
        self.candle_to_order_s = timed("candle_to_order_seconds", "A candle's arrival until its orders were sent.")
        self.dispatch_s = timed("dispatch_seconds", "One request to the venue, until it has answered.")
        self.snapshot_s = timed("snapshot_seconds", "Making one snapshot.")
        self.loop_stall_s = timed("loop_stall_seconds", "How late the event loop comes back to a sleeper.")
        self.recovery_s = shown("recovery_seconds", "What the recovery at start took.")
        self.queue_depth = shown("queue_depth", "What waits in a queue between two parts.", "queue")
        self.feed_lag_s = shown("feed_lag_seconds", "Market time less the close of the newest candle.")
        self.clock_offset_s = shown("clock_offset_seconds", "This machine's clock less the database's.")
        self.epoch = shown("epoch", "The writer's epoch: one more at each take-over of the stream.")
        self.head_seq = shown("log_head_seq", "The newest durable record.")
        self.restarts = shown("restarts", "Starts of a daemon on this stream, the first not counted.")
        self.ready = shown("ready", "1 while messages are turned and requests are sent.")
        self.problems = shown("problem", "1 while a part says that something is wrong.", "part")
        self.spool_pending = shown("spool_pending", "Commands that are durable in the spool alone.")
        self.snapshot_seq = shown("snapshot_seq", "The record up to which the newest snapshot knows the log.")
        self.tasks = shown("tasks", "Tasks of the event loop.")
        self.log_lines_dropped = _Told("candled_log_lines_dropped", "Log lines that nobody read in time.", registry)
        self.alerts_sent = _Told("candled_alerts_sent", "Messages that the webhook took.", registry)
        self.alerts_lost = _Told("candled_alerts_lost", "Alerts that were held back, or refused.", registry)
        self._build = shown("build_info", "Always 1: which code runs.", "version", "code", "python")
        self._parts: dict[str, bool] = {}
        registry.register(ProcessMetrics(data_dir))
        self.heard("daemon", "starting")

    def build_info(self, version: str, code: str) -> None:
        """Name the code that runs."""
        self._build.labels(version, code[:12], platform.python_version()).set(1)

    def heard(self, part: str, problem: str) -> None:
        """A part has a problem, or ("") has it no longer. The text is for people; a metric has the part alone."""
        if part not in self._parts and len(self._parts) >= _PARTS_MAX:
            part = "other"
        self._parts[part] = bool(problem)
        self.problems.labels(part).set(1 if problem else 0)
        self.ready.set(0 if any(self._parts.values()) else 1)


async def watch_loop(metrics: RuntimeMetrics, *, every_s: float = _WATCH_S) -> None:
    """Sleep a while, over and over, and observe by how much the loop was late. Ends by being canceled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + every_s
        await asyncio.sleep(every_s)
        metrics.loop_stall_s.observe(max(loop.time() - due, 0.0))
        metrics.tasks.set(len(asyncio.all_tasks()))
