"""The report, from what was found in parts."""

from collections.abc import Sequence

from kernel.features.declaration import Feature
from research.certify.examination import Part
from research.certify.recording import recording_of
from research.certify.report import Certified, Check, Findings, Forgets, Modes, Report, Unmade

__all__ = ["summarize"]

_ABOUT = {
    "batch_equals_hot": "Hamilton's columns, and the compiled engine candle by candle",
    "batch_equals_block": "Hamilton's columns, and block mode in pieces",
    "uncompiled": "Hamilton's columns, and the plain engine on every candle",
    "prefix": "prefixes of the candles, and the head of the whole",
    "snapshot": "engines that go on from each other's bytes, and the whole",
    "interleaved": "two engines side by side, and each alone",
    "warmup": "no value before the declared first",
    "forgets": "runs that begin later, and the whole",
    "reach": "some candles altered, and the whole",
    "modes": "records of step mode and of block mode",
}
_QUICK = {
    "batch_equals_hot": "Hamilton's columns, and the compiled engine between those stretches",
    "uncompiled": "Hamilton's columns, and the plain engine on some stretches only",
}


def summarize(
    whole: Part,
    findings: Findings,
    modes: Sequence[Modes],
    unmade: Sequence[Unmade],
    notes: Sequence[str],
    *,
    wall_s: float,
) -> Report:
    """Everything that was found of the features of `whole`, and of the strategies."""
    declared = {feature.name: feature for feature in whole.declared}
    features = [_certified(declared[name], findings) for name in whole.names]
    failed = {difference.check for feature in features for difference in feature.differences}
    if not all(found.equal for found in modes):
        failed.add("modes")
    compared = findings.compared | {"modes": sum(found.records for found in modes)}
    about = _ABOUT | (_QUICK if whole.quick else {})
    return Report(
        dataset=[dataset.manifest.dataset for dataset in whole.datasets],
        ok=not failed,
        rows=recording_of(whole.datasets, whole.window).rows,
        quick=whole.quick,
        features=features,
        not_applicable=list(unmade),
        checks={check: Check(check not in failed, compared.get(check, 0), told) for check, told in about.items()},
        modes=list(modes),
        notes=list(notes),
        wall_s=round(wall_s, 3),
    )


def _certified(feature: Feature, findings: Findings) -> Certified:
    differences = findings.differences.get(feature.name, [])
    forgets = findings.forgets.get(feature.name, Forgets(None, "it was not seen"))
    return Certified(
        name=feature.name,
        ok=not differences,
        group=feature.group,
        kind=feature.kind,
        warmup=findings.warmups.get(feature.name),
        forgets_after=forgets.after,
        forgets_note=forgets.note,
        differences=differences,
    )
