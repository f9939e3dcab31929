"""Why did it (not) trade at T? The recorded run is executed again up to that candle, and its steps are watched.

A backtest's market comes from its datasets, a daemon's from its log. What the venue said is taken from the log.
"""

from collections.abc import Sequence

from kernel.codec import MESSAGE_TYPES
from kernel.errors import NotFound, UsageError
from kernel.messages import CandleClosed, MarketMessage, WarmupCandle
from kernel.replay import in_processing_order
from kernel.timeframe import iso
from service.compose import Composed
from service.definition import RunDefinition
from service.explanation import Explanation, Standing
from service.log.record import Record, decoded
from service.log.store import LogReader
from service.watched import Watched
from venues.dataset import Dataset

__all__ = ["Explanation", "Standing", "candle_at", "candle_in_log", "choose", "explain", "explain_log"]

_MARKET = frozenset(t.__name__ for t in MarketMessage.__args__)
_CANDLES = frozenset((CandleClosed.__name__, WarmupCandle.__name__))


def choose(definition: RunDefinition, strategy: str | None, symbol: str | None) -> tuple[str, str]:
    """The strategy and the symbol that are meant: those named, else the only ones. Errors: UsageError."""
    strategies = {defined.strategy.name: defined.strategy for defined in definition.strategies}
    own = _chosen("strategy", strategy, list(strategies))
    symbols = strategies[own].symbols or [market.instrument.symbol for market in definition.markets]
    return own, _chosen("symbol", symbol, list(symbols))


def _chosen(what: str, given: str | None, there: Sequence[str]) -> str:
    if given is None and len(there) == 1:
        return there[0]
    if given is None or given not in there:
        wrong = f"the run has {len(there)} to choose from" if given is None else f"the run has no {what} {given}"
        raise UsageError(wrong, fix=f"add --{what}, one of: {', '.join(there)}")
    return given


def candle_at(dataset: Dataset, at: int) -> int:
    """The open time of the candle that opens at or last before `at`. Errors: NotFound when the data starts later."""
    opened = None
    for block in dataset.blocks(before_ns=at + 1):
        opened = int(block.open_time[-1])
    if opened is None:
        manifest = dataset.manifest
        raise NotFound(f"{manifest.symbol} has no candle at {iso(at)} or before", fix=f"it begins at {manifest.first}")
    return opened


async def candle_in_log(reader: LogReader, stream: str, symbol: str, at: int) -> int:
    """The same, among the candles of a log."""
    opened: int | None = None
    async for batch in reader.records(stream):
        for record in batch:
            if record.type not in _CANDLES:
                continue
            candle: CandleClosed = decoded(record)
            if candle.symbol == symbol and candle.open_time > at:
                if opened is None:
                    what = f"{stream} has no candle of {symbol} at {iso(at)} or before"
                    raise NotFound(what, fix=f"its first one opens at {iso(candle.open_time)}")
                return opened
            if candle.symbol == symbol:
                opened = candle.open_time
    if opened is None:
        raise NotFound(f"{stream} has no candle of {symbol} yet", fix="ask again when one has closed")
    return opened


def explain(
    composed: Composed,
    definition: RunDefinition,
    recorded: Sequence[Record],
    *,
    strategy: str,
    symbol: str,
    opened: int,
) -> Explanation:
    """Execute a backtest up to the candle of `symbol` that opens at `opened`, watching the steps of one strategy.

    Errors: UsageError when the run never came to that candle; CheckFailed when the log says something else; LogCorrupt
    when it cannot be read.
    """
    watched = Watched(composed.kernel, strategy, symbol, opened)
    logged = (decoded(record) for record in recorded if record.type in MESSAGE_TYPES)
    for message in in_processing_order(composed.feeder.messages(), logged):
        watched.take(message)
        if watched.done:
            break
    return watched.answer(definition, recorded)


async def explain_log(
    composed: Composed,
    definition: RunDefinition,
    reader: LogReader,
    stream: str,
    *,
    strategy: str,
    symbol: str,
    opened: int,
) -> Explanation:
    """The same of a daemon's stream, whose log holds the market. Its candles are not kept in memory."""
    watched = Watched(composed.kernel, strategy, symbol, opened)
    kept: list[Record] = []
    candle_seq = None
    async for batch in reader.records(stream):
        for record in batch:
            if not watched.done and record.type in MESSAGE_TYPES:
                watched.take(decoded(record))
                if watched.candle is not None and candle_seq is None:
                    candle_seq = record.seq
            if record.type not in _MARKET:
                kept.append(record)
    return watched.answer(definition, kept, candle_seq=candle_seq)
