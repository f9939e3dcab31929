"""What was fitted on a training window, to be applied candle by candle: fill, drop, center, scale.

The artifact is its canonical bytes (JSON, fields and entries in declared order, shortest floats), and its name is their
sha256: `sha256sum <digest>.json` prints it. Whatever was trained on it names it by that digest.
"""

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from math import isfinite

import msgspec

from kernel.errors import CheckFailed, ConfigError
from kernel.features.declaration import Feature, checked
from kernel.indicators.kind import COLUMNS

__all__ = ["FittedFeature", "FittedTransform", "Scaling", "declaration_hashes", "read_transform"]

SCHEMA = 1


class FittedFeature(msgspec.Struct, frozen=True):
    """One input of the transform: its name, and the hash of all that it is declared by."""

    name: str
    declaration: str


class Scaling(msgspec.Struct, frozen=True):
    """What happens to a kept feature: a value that is not finite becomes `fill`; then (value - center) / scale."""

    name: str
    fill: float
    center: float
    scale: float


class FittedTransform(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """See the module. `features` are the inputs and `kept` the outputs, each in its order.

    Fitted on `rows` candles of `dataset` (of this timeframe) that open from `first` to before `before` (ns; None has no
    bound).
    """

    schema: int
    features: tuple[FittedFeature, ...]
    kept: tuple[Scaling, ...]
    dataset: str
    timeframe: str
    first: int | None
    before: int | None
    rows: int

    @cached_property
    def _steps(self) -> tuple[tuple[int, float, float, float], ...]:
        places = {feature.name: place for place, feature in enumerate(self.features)}
        return tuple((places[s.name], s.fill, s.center, s.scale) for s in self.kept)

    def content(self) -> bytes:
        """The canonical bytes."""
        return msgspec.json.encode(self)

    def digest(self) -> str:
        """The sha256 of the canonical bytes."""
        return sha256(self.content()).hexdigest()

    def apply(self, values: Sequence[float]) -> list[float]:
        """One candle's values, in the order of `features`, as the model wants them: in the order of `kept`."""
        made = []
        for place, fill, center, scale in self._steps:
            value = values[place]
            made.append(((value if value - value == 0.0 else fill) - center) / scale)
        return made

    def check(self, names: Sequence[str], declared: Sequence[Feature]) -> None:
        """That values come in the order of `names`, by these declarations, as they did when it was fitted.

        Errors: ConfigError naming the first feature that is missing, too much, elsewhere, or declared otherwise.
        """
        fitted = [feature.name for feature in self.features]
        what, fix = f"the fitted transform {self.digest()[:12]}", "fit it again: candled features fit"
        for name in fitted:
            if name not in names:
                raise ConfigError(f"{what} reads {name}, which is not among the features", fix=f"add it; or {fix}")
        for place, name in enumerate(names):
            if name not in fitted:
                raise ConfigError(f"{what} was fitted without {name}", fix=f"leave it out; or {fix}")
            if place >= len(fitted) or name != fitted[place]:
                raise ConfigError(
                    f"{what} was fitted with other features in place {place + 1}: {name} stands there",
                    fix=f"give them in this order: {', '.join(fitted)}",
                )
        hashes = declaration_hashes(declared, fitted)
        for feature in self.features:
            if hashes[feature.name] != feature.declaration:
                what += f" was fitted with another declaration of {feature.name}, or of a feature that it reads"
                raise ConfigError(what, fix=f"undo the change; or {fix}")


def read_transform(content: bytes, digest: str) -> FittedTransform:
    """The artifact of a file's bytes. Errors: CheckFailed when they are not those of that digest, or make no sense."""
    if sha256(content).hexdigest() != digest:
        raise CheckFailed(f"the fitted transform {digest[:12]} is altered: its bytes do not hash to its name", fix=_FIX)
    try:
        read = msgspec.json.decode(content, type=FittedTransform)
    except msgspec.DecodeError as error:
        raise CheckFailed(f"the file {digest[:12]} is no fitted transform: {error}", fix=_FIX) from None
    if read.schema != SCHEMA or read.content() != content:
        raise CheckFailed(f"the fitted transform {digest[:12]} is of schema {read.schema}, this is {SCHEMA}", fix=_FIX)
    if unusable := _unusable(read):
        raise CheckFailed(f"the fitted transform {digest[:12]} cannot be applied: {unusable}", fix=_FIX)
    return read


def _unusable(read: FittedTransform) -> str:
    names = [feature.name for feature in read.features]
    for step in read.kept:
        if step.name not in names:
            return f"it keeps {step.name}, which it does not read"
        if not all(map(isfinite, (step.fill, step.center, step.scale))) or step.scale <= 0.0:
            return f"the numbers of {step.name}"
    return "" if len(set(names)) == len(names) else "it reads a feature twice"


_FIX = "fit it again: candled features fit"


def declaration_hashes(declared: Sequence[Feature], names: Sequence[str]) -> dict[str, str]:
    """For each name the hash of all that decides its values: kind, inputs, parameters, output, bars; so on upstream.

    Names and groups do not: a feature that is renamed keeps its hash. The features must have been found plannable.
    Errors: ConfigError for a name that nobody declares.
    """
    by_name = {feature.name: feature for feature in declared}
    found: dict[str, str] = {}

    def hash_of(name: str) -> str:
        if name not in by_name:
            raise ConfigError(f"no feature is declared as {name!r}", fix="candled features list shows all")
        if name not in found:
            whole = checked(by_name[name])
            inputs = [hash_of(text) if text in by_name and text not in COLUMNS else text for text in whole.inputs]
            params = list(whole.params.items())
            content = msgspec.json.encode([whole.kind, inputs, params, whole.output, whole.timeframe])
            found[name] = sha256(content).hexdigest()
        return found[name]

    return {name: hash_of(name) for name in names}
