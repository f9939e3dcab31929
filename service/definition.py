"""A run's definition: everything that can change a decision, by content. The run id is the sha256 of its file.

`sha256sum definition.json` prints the id, on any machine. What cannot change a decision (mode, store, versions, CPU) is
recorded beside each execution instead, unhashed.
"""

from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import msgspec

from kernel.errors import CheckFailed, ConfigError, UsageError
from kernel.features.transform import FittedTransform
from kernel.instrument import Instrument
from kernel.levers import in_force, with_model
from kernel.money import pinned
from kernel.strategy import Strategy
from service.code_hash import package_hash
from service.config import Config
from service.rules import RuleSources
from venues.dataset import DatasetManifest
from venues.fills import SimulatedVenueConfig

__all__ = ["MarketDefinition", "RunDefinition", "Window", "define", "definition_bytes", "read_definition", "run_id"]


class MarketDefinition(msgspec.Struct, frozen=True):
    """A market of the run: the dataset by its content, and the rules under which it is traded."""

    dataset: str
    venue: str
    timeframe: str
    instrument: Instrument


class Window(msgspec.Struct, frozen=True):
    """Which candles are decided on, by open time (ns, UTC): from `first` to before `before`. None has no bound."""

    first: int | None = None
    before: int | None = None


class RunDefinition(msgspec.Struct, frozen=True):
    """See the module. `markets` are in symbol order; code is named by its hash."""

    schema: int
    strategy: Strategy
    transform: FittedTransform | None
    model_hash: str
    rule_code: str
    kernel_code: str
    venues_code: str
    venue: SimulatedVenueConfig
    currency: str
    cash: Decimal
    markets: tuple[MarketDefinition, ...]
    window: Window
    seed: int


def define(
    config: Config,
    markets: Sequence[tuple[DatasetManifest, Instrument]],
    *,
    window: Window,
    rule: RuleSources | None,
    transform: FittedTransform | None = None,
) -> RunDefinition:
    """The definition of a run of `config` over `markets`, by the code that is installed. Errors: ConfigError."""
    quotes = sorted({instrument.quote for _, instrument in markets})
    if len(quotes) != 1:
        raise ConfigError(
            f"the markets are quoted in {', '.join(quotes)}: one account needs one currency",
            fix="run markets of one quote asset together",
        )
    markets = sorted(markets, key=lambda market: market[1].symbol)
    symbols = [instrument.symbol for _, instrument in markets]
    if len(set(symbols)) < len(symbols):
        raise ConfigError(f"a symbol stands twice among {', '.join(symbols)}", fix="give one dataset a symbol")
    strategy, rule_code = config.strategy, ""
    if rule is not None:
        strategy, rule_code = with_model(strategy, rule.config), rule.hash
    with pinned():
        model = msgspec.json.encode(in_force(strategy).model, order="deterministic")
    return RunDefinition(
        schema=1,
        strategy=strategy,
        transform=transform,
        model_hash=sha256(model + rule_code.encode() + strategy.transform.encode()).hexdigest()[:32],
        rule_code=rule_code,
        kernel_code=package_hash("kernel"),
        venues_code=package_hash("venues"),
        venue=config.venue,
        currency=quotes[0],
        cash=config.account.cash,
        markets=tuple(MarketDefinition(m.dataset, m.venue, m.timeframe, i) for m, i in markets),
        window=window,
        seed=config.seed,
    )


def definition_bytes(definition: RunDefinition) -> bytes:
    """The one text of a definition: JSON, fields as declared, the keys of mappings sorted, decimals as strings."""
    with pinned():
        return msgspec.json.format(msgspec.json.encode(definition, order="deterministic")) + b"\n"


def run_id(definition: RunDefinition) -> str:
    """The sha256 of the definition's text."""
    return sha256(definition_bytes(definition)).hexdigest()


def read_definition(path: Path, run: str) -> RunDefinition:
    """Read a run's definition back. Errors: CheckFailed when it is not the one that the run is named after."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", fix="run the backtest again") from None
    if sha256(content).hexdigest() != run:
        raise CheckFailed(f"{path} was altered: it no longer hashes to the run's id {run[:12]}")
    try:
        return msgspec.json.decode(content, type=RunDefinition)
    except msgspec.MsgspecError as error:
        raise UsageError(f"{path} is of another candled: {error}", fix="replay it with the one that ran it") from None
