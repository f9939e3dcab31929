"""A run's definition: everything that can change a decision, by content. The run id is the sha256 of its file.

`sha256sum definition.json` prints the id, on any machine. What cannot change a decision (mode, store, versions, CPU) is
recorded beside each execution instead, unhashed.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from kernel.account import Account
from kernel.blueprint import RiskConfig
from kernel.errors import CheckFailed, ConfigError, UsageError
from kernel.features.transform import FittedTransform
from kernel.instrument import Instrument
from kernel.levers import in_force, with_model
from kernel.money import pinned
from kernel.strategy import Strategy
from service.code_hash import package_hash
from service.config_types import AccountConfig, Config
from service.rules import RuleSources
from venues.dataset import DatasetManifest
from venues.simulation import SimulatedVenueConfig

__all__ = [
    "MarketDefinition", "RunDefinition", "StrategyDefinition", "StrategyParts", "Window", "define", "definition_bytes",
    "read_definition", "run_id",
]  # fmt: skip


class MarketDefinition(msgspec.Struct, frozen=True):
    """A market of the run: the dataset by its content, and the rules under which it is traded.

    `detail` is a dataset of finer candles of the same market, on which its orders are filled; "" for none.
    """

    dataset: str
    venue: str
    timeframe: str
    instrument: Instrument
    detail: str = ""


class StrategyDefinition(msgspec.Struct, frozen=True):
    """A strategy of the run, with the fitted transform that it names, and the hashes of its model and its rule."""

    strategy: Strategy
    transform: FittedTransform | None
    model_hash: str
    rule_code: str


class StrategyParts(NamedTuple):
    """What a strategy of a configuration stands on beside itself."""

    strategy: Strategy
    rule: RuleSources | None
    transform: FittedTransform | None


class Window(msgspec.Struct, frozen=True):
    """Which candles are decided on, by open time (ns, UTC): from `first` to before `before`. None has no bound."""

    first: int | None = None
    before: int | None = None


class RunDefinition(msgspec.Struct, frozen=True):
    """See the module. `markets` are in symbol order; code is named by its hash."""

    schema: int
    strategies: tuple[StrategyDefinition, ...]
    kernel_code: str
    venues_code: str
    venue: SimulatedVenueConfig
    account: Account
    risk: RiskConfig
    markets: tuple[MarketDefinition, ...]
    window: Window
    seed: int


def define(
    config: Config,
    markets: Sequence[tuple[DatasetManifest, Instrument]],
    *,
    window: Window,
    parts: Sequence[StrategyParts],
    details: Mapping[str, str],
) -> RunDefinition:
    """The definition of a run of `config` over `markets`, by the code that is installed. Errors: ConfigError.

    `parts` are the configuration's strategies; `details` names datasets of finer candles by symbol.
    """
    markets = sorted(markets, key=lambda market: market[1].symbol)
    symbols = [instrument.symbol for _, instrument in markets]
    if len(set(symbols)) < len(symbols):
        raise ConfigError(f"a symbol stands twice among {', '.join(symbols)}", fix="give one dataset a symbol")
    instruments = [instrument for _, instrument in markets]
    return RunDefinition(
        schema=2,
        strategies=tuple(_strategy(part) for part in parts),
        kernel_code=package_hash("kernel"),
        venues_code=package_hash("venues"),
        venue=config.venue,
        account=_account(config.account, instruments, config.venue.fee_asset),
        risk=config.risk,
        markets=tuple(
            MarketDefinition(m.dataset, m.venue, m.timeframe, i, details.get(i.symbol, "")) for m, i in markets
        ),
        window=window,
        seed=config.seed,
    )


def _strategy(part: StrategyParts) -> StrategyDefinition:
    strategy, rule_code = part.strategy, ""
    if part.rule is not None:
        strategy, rule_code = with_model(strategy, part.rule.config), part.rule.hash
    with pinned():
        model = msgspec.json.encode(in_force(strategy).model, order="deterministic")
    text = model + rule_code.encode() + strategy.transform.encode()
    return StrategyDefinition(strategy, part.transform, sha256(text).hexdigest()[:32], rule_code)


def _account(config: AccountConfig, instruments: Sequence[Instrument], fee_asset: str) -> Account:
    """The account over these markets: what it counts in, and by which symbol everything else in it is valued."""
    quotes = sorted({instrument.quote for instrument in instruments})
    currency = config.currency or quotes[0]
    if not config.currency and len(quotes) > 1:
        raise ConfigError(
            f"the markets are quoted in {', '.join(quotes)}: which one does the account count in?",
            fix=f'add currency = "{quotes[0]}" to [account]',
        )
    if currency in config.balances:
        what = f"account.balances.{currency}: the account counts in {currency}, of which it has account.cash"
        raise ConfigError(what, fix="say it once, in account.cash")
    balances = {currency: config.cash} | config.balances
    held = {asset for instrument in instruments for asset in (instrument.base, instrument.quote)} | set(balances)
    if fee_asset not in ("", "received"):
        held.add(fee_asset)
    symbols = {instrument.symbol: instrument for instrument in instruments}
    marks = {}
    for asset in sorted(held - {currency}):
        symbol = config.marks.get(asset, f"{asset}/{currency}")
        if symbol not in symbols or symbols[symbol].quote != currency:
            raise ConfigError(
                f"nothing tells what {asset} is worth in {currency}: {symbol} is no market of this run",
                fix=f'add a dataset of {asset}/{currency}, or write marks = {{ {asset} = "ANOTHER/{currency}" }}',
            )
        marks[asset] = symbol
    return Account(currency, dict(sorted(balances.items())), marks, config.kind, config.leverage)


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
