"""What stands out in candles: holes, rows without volume, prices that stand still. Nothing is repaired here."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kernel.timeframe import iso, timeframe_ns
from venues.columns import Units
from venues.dataset import CandleBlock, DatasetManifest, Gap

__all__ = ["FLAT_STRETCH", "Survey", "figures_of", "manifest_differences", "survey_of"]

FLAT_STRETCH = 10  # candles: shorter ones are everyday life in a thin market, longer ones look like a halt


class Survey(NamedTuple):
    """The figures of a manifest that follow from the candles alone; field names as there."""

    gaps: int
    missing: int
    longest_gap: Gap | None
    zero_volume: int
    flat_stretches: int
    longest_flat: int


def survey_of(rows: CandleBlock, step_ns: int) -> Survey:
    """The figures for candles of the timeframe `step_ns`.

    A flat stretch is at least 10 candles in a row, without a hole, that all stay at one price.
    """
    missing = np.diff(rows.open_time) // step_ns - 1
    holes = np.flatnonzero(missing)
    longest_gap = None
    if len(holes):
        at = int(missing.argmax())
        longest_gap = Gap(after=iso(int(rows.open_time[at])), missing=int(missing[at]))
    lengths = _flat_lengths(rows, missing == 0)
    return Survey(
        gaps=len(holes),
        missing=int(missing.sum()),
        longest_gap=longest_gap,
        zero_volume=int(np.count_nonzero(rows.volume == 0)),
        flat_stretches=int(np.count_nonzero(lengths >= FLAT_STRETCH)),
        longest_flat=int(lengths.max(initial=0)),
    )


def figures_of(rows: CandleBlock, step_ns: int) -> dict[str, Any]:
    """Every field of a manifest that candles determine, but the decimals that their units are in."""
    first, last = iso(int(rows.open_time[0])), iso(int(rows.open_time[-1]))
    return {"rows": len(rows.open_time), "first": first, "last": last, **survey_of(rows, step_ns)._asdict()}


def manifest_differences(manifest: DatasetManifest, blocks: Sequence[CandleBlock]) -> list[str]:
    """What a manifest says about its candles that they do not, in words."""
    rows = CandleBlock(*(np.concatenate(column) for column in zip(*blocks, strict=True)))
    counted = figures_of(rows, timeframe_ns(manifest.timeframe))
    said = {name: getattr(manifest, name) for name in counted}
    return [
        f"the manifest says {name} {said[name]}, counted {counted[name]}"
        for name in said
        if said[name] != counted[name]
    ]


def _flat_lengths(rows: CandleBlock, adjacent: Units) -> Units:
    """The length in candles of every run of neighbours that stay at one price (runs of one are not listed)."""
    still = rows.high == rows.low
    goes_on = still[1:] & still[:-1] & (rows.low[1:] == rows.low[:-1]) & adjacent
    edges = np.diff(np.concatenate(([0], goes_on.astype(np.int8), [0])))
    return np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1) + 1
