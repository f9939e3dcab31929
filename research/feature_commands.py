"""`candled features list|show|graph`: the declared features, without any data."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from kernel.errors import UsageError
from kernel.features.catalogue.index import catalogue
from kernel.features.declaration import Feature
from kernel.timeframe import timeframe_ns
from research.feature_tables import show_feature, show_features, show_lineage
from research.features.described import describe, found, summarize
from research.features.obstacles import check_groups, obstacles, refuse
from service.cli.options import Common, answer, warn
from service.durable import replace_durably

__all__ = ["Force", "Without", "check_free", "choose", "graph", "list_features", "show", "write_whole"]

_DEFAULTS = Common()
_FORMS = (".svg", ".png", ".dot")

Name = Annotated[str, Parameter(help="A feature's name.")]
Timeframe = Annotated[str, Parameter(help="The length of the candles that features are made of.")]
Without = Annotated[
    tuple[str, ...],
    Parameter(
        name="--without",
        env_var="CANDLED_FEATURES__OFF",
        env_var_split=lambda _type, text, **_delimiter: [name.strip() for name in text.split(",") if name.strip()],
        help="Leave a group of features out; repeatable.",
        negative="",
        show_default=False,
    ),
]
Force = Annotated[bool, Parameter(negative="", help="Replace a file that is there.", show_default=False)]


def list_features(
    *,
    group: Annotated[str | None, Parameter(help="Only those of a group.")] = None,
    timeframe: Timeframe = "1m",
    common: Common = _DEFAULTS,
) -> None:
    """The declared features, group by group, and how many candles each needs before it has a value.

    Example: `candled features list --group momentum --timeframe 5m`
    """
    declared, base_ns = catalogue(), timeframe_ns(timeframe)
    check_groups(declared, [group] if group is not None else [])
    chosen = [feature for feature in declared if group in {None, feature.group}]
    features = [summarize(declared, feature, base_ns) for feature in chosen]
    answer(common, {"features": features}, lambda out: show_features(out, features, timeframe))


def show(feature: Name, /, *, timeframe: Timeframe = "1m", common: Common = _DEFAULTS) -> None:
    """One feature: how it is declared, what it reads, what reads it, what it costs.

    Example: `candled features show rsi_14`
    """
    facts = describe(catalogue(), feature, timeframe_ns(timeframe))
    answer(common, facts, lambda out: show_feature(out, facts, timeframe))


def graph(
    *names: Name,
    out: Annotated[Path | None, Parameter(help="Draw it too: FILE.svg, .png (graphviz makes them) or .dot.")] = None,
    without: Without = (),
    timeframe: Timeframe = "1m",
    force: Force = False,
    common: Common = _DEFAULTS,
) -> None:
    """What features stand on, down to the candles: a node a line, after what it reads. Of all, when none is named.

    Example: `candled features graph macd_signal --out macd.svg`
    """
    from research.features.graph import feature_graph
    from research.features.wiring import wire

    if out is not None and out.suffix not in _FORMS:
        raise UsageError(f"{out} cannot be drawn", fix=f"give a file that ends with {', '.join(_FORMS)}")
    check_free(out, force=force)
    declared, base_ns = catalogue(), timeframe_ns(timeframe)
    check_groups(declared, without)
    wanted, left_out = choose(declared, names, lambda asked: obstacles(declared, asked, base_ns, off=without))
    made = feature_graph(wire(declared, wanted, base_ns), off=without)
    if out is not None:
        write_whole(out, made.drawing(wanted, out.suffix[1:]))
    nodes = made.lineage(wanted)
    result = {
        "nodes": [node._asdict() for node in nodes],
        "left_out": left_out,
        "out": None if out is None else str(out),
    }
    answer(common, result, lambda console: show_lineage(console, nodes))


def choose(
    declared: Sequence[Feature], names: Sequence[str], hindered: Callable[[Sequence[str]], dict[str, str]]
) -> tuple[list[str], dict[str, str]]:
    """The features that were named; else all that nothing hinders, with a note of those that are left out, and why.

    Errors: ConfigError for an unknown name, or a named feature that is hindered.
    """
    if names:
        wanted = list(dict.fromkeys(found(declared, name).name for name in names))
        refuse(hindered(wanted))
        return wanted, {}
    every = [feature.name for feature in declared]
    left_out = hindered(every)
    for why in dict.fromkeys(left_out.values()):
        warn(escape(f"left out, {why}: {', '.join(name for name, reason in left_out.items() if reason == why)}"))
    if len(left_out) == len(every):
        raise UsageError("no feature is left", fix="leave fewer groups out")
    return [name for name in every if name not in left_out], left_out


def check_free(path: Path | None, *, force: bool) -> None:
    """Errors: UsageError when a file is there that nobody wanted to replace."""
    if path is not None and path.exists() and not force:
        raise UsageError(f"{path} is there already", fix="give another name, or --force to replace it")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that the user named. Errors: UsageError when it cannot be written."""
    try:
        replace_durably(path, content)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", fix="check the folder") from error
