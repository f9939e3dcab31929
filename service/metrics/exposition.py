"""The text that Prometheus reads, made in small pieces: between two of them the event loop serves everybody else.

The library makes the same text in one go: 90 ms for the 10,000 series of a thousand markets.
"""

import asyncio
import math
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import CollectorRegistry
from prometheus_client.samples import Sample

__all__ = ["CONTENT_TYPE", "exposition"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_PIECE: Final = 100  # samples: a third of a millisecond


async def exposition(registry: CollectorRegistry) -> bytes:
    """Every metric of a registry, in the text format. Each family is as of one moment, all of them are not."""
    pieces: list[str] = []
    for metric in registry.collect():
        for piece in _pieces(metric):
            pieces.append(piece)
            await asyncio.sleep(0)
    return "".join(pieces).encode()


def _pieces(metric: Metric) -> Iterator[str]:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    text = metric.documentation.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {name} {text}\n# TYPE {name} {metric.type}\n"
    samples = metric.samples
    for start in range(0, len(samples), _PIECE):
        yield "".join(map(_line, samples[start : start + _PIECE]))


def _line(sample: Sample) -> str:
    if not sample.labels:
        return f"{sample.name} {_number(sample.value)}\n"
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(sample.labels.items()))
    return f"{sample.name}{{{labels}}} {_number(sample.value)}\n"


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value)) if math.isfinite(value) else "NaN"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
