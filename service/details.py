"""Which finer candles a run fills its orders on, and whether they can be those of its markets."""

from collections.abc import Sequence

from kernel.errors import ConfigError
from kernel.timeframe import timeframe_ns
from venues.dataset import Dataset

__all__ = ["detail_datasets"]


def detail_datasets(datasets: Sequence[Dataset], details: Sequence[Dataset]) -> dict[str, str]:
    """The finer candles by symbol. Errors: ConfigError for those of another market, or that are no finer."""
    coarse = {(d.manifest.venue, d.manifest.symbol): d.manifest for d in datasets}
    found = {}
    for detail in details:
        own = detail.manifest
        market = coarse.get((own.venue, own.symbol))
        if market is None:
            known = ", ".join(f"{venue} {symbol}" for venue, symbol in coarse)
            raise ConfigError(
                f"--detail {own.dataset[:12]} is of {own.venue} {own.symbol}, which this run does not trade",
                fix=f"it trades: {known}",
            )
        length, finer = timeframe_ns(market.timeframe), timeframe_ns(own.timeframe)
        if finer >= length or length % finer:
            raise ConfigError(
                f"--detail {own.dataset[:12]} has candles of {own.timeframe}, which do not make up {market.timeframe}"
            )
        if own.price_decimals > market.price_decimals:
            raise ConfigError(
                f"--detail {own.dataset[:12]} has prices of {own.price_decimals} decimals, and the market's dataset of "
                f"{market.price_decimals}: they are not of one market",
                fix="import both from files of the same source",
            )
        found[own.symbol] = own.dataset
    return found
