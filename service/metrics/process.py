"""Memory, processor time and files of this process, under the names that every Prometheus client gives them.

The library's own collector wants /proc/stat, which a hardened unit (ProcSubset=pid) does not show; /proc/self it does.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["ProcessMetrics"]


class ProcessMetrics(Collector):
    """Read at each scrape. Where there is no /proc, only what does not need it is there."""

    def __init__(self, data_dir: Path | None = None, proc: Path = Path("/proc/self")) -> None:
        self._data_dir = data_dir
        self._proc = proc
        self._started_s = time.time()
        self._page = os.sysconf("SC_PAGE_SIZE")

    def collect(self) -> Iterator[Metric]:
        """The families."""
        used = os.times()
        yield CounterMetricFamily("process_cpu_seconds", "Processor time, user and system.", used.user + used.system)
        yield GaugeMetricFamily("process_start_time_seconds", "When this began, seconds since 1970.", self._started_s)
        try:
            virtual, resident = (self._proc / "statm").read_text().split()[:2]
            open_fds = sum(1 for _ in (self._proc / "fd").iterdir())
        except OSError:
            pass
        else:
            yield GaugeMetricFamily("process_virtual_memory_bytes", "Address space.", int(virtual) * self._page)
            yield GaugeMetricFamily("process_resident_memory_bytes", "Memory in use.", int(resident) * self._page)
            yield GaugeMetricFamily("process_open_fds", "Open file descriptors.", open_fds)
        if self._data_dir is not None:
            disk = os.statvfs(self._data_dir)
            free = disk.f_bavail * disk.f_frsize
            yield GaugeMetricFamily("candled_data_dir_free_bytes", "Free on the data directory's disk.", free)
