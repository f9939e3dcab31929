"""Which orders go through which engine, on which markets."""

from typing import NamedTuple

from orders_cases import Case, Path, Run
from orders_market import MARKETS, Market


class Sizes(NamedTuple):
    """The distances that suit a market: of an entry, stop and target in ppm, of a trailing stop in ppm and in units."""

    entry_ppm: int
    stop_ppm: int
    target_ppm: int
    trail_ppm: int
    trail: int


SIZES = {
    "btc-minutes": Sizes(500, 1_500, 2_000, 1_000, 4_000),
    "eth-minutes": Sizes(500, 1_500, 2_000, 1_000, 400),
    "btc-hours": Sizes(2_000, 4_000, 5_000, 6_000, 15_000),
    "eth-gaps": Sizes(2_000, 4_000, 5_000, 6_000, 1_200),
}


def _runs(market: Market, sizes: Sizes) -> list[Run]:
    guards = {"stop_ppm": sizes.stop_ppm, "target_ppm": sizes.target_ppm}
    bracket = Case("bracket", **guards)
    limit = Case("limit entry", "limit", sizes.entry_ppm, **guards)
    stop = Case("stop entry", "stop_market", sizes.entry_ppm, **guards)
    stop_limit = Case("stop-limit entry", "stop_limit", sizes.entry_ppm, sizes.entry_ppm // 2, **guards)
    long = Case("trailing long", trail_ppm=sizes.trail_ppm, sides=("buy",))
    short = Case("trailing short", trail_ppm=sizes.trail_ppm, sides=("sell",))
    trailing = Case("trailing", trail=sizes.trail)
    reversal = Case("reversal", **guards, reverses=True)
    ohlc: Path = "open_high_low_close"
    runs = [
        Run("backtesting", bracket, market, "same_close", "worst"),
        *(Run("backtesting", case, market, "next_open", "worst") for case in (bracket, limit, stop, stop_limit)),
        Run("vectorbt", bracket, market, "same_close", "worst"),
        Run("vectorbt", long, market, "same_close", "open_low_high_close"),
        Run("vectorbt", short, market, "same_close", ohlc),
        *(Run("nautilus", case, market, "same_close", ohlc) for case in (bracket, limit, stop, stop_limit, trailing)),
        Run("nautilus", bracket, market, "same_close", ohlc, "adaptive"),
    ]
    if market.step == 1:  # a gap may stand beyond the stop, and vectorbt has no word for that
        runs.append(Run("vectorbt", bracket, market, "next_open", "worst"))
        runs.append(Run("nautilus", limit, market, "same_close", ohlc, "touched"))
        for fill in ("same_close", "next_open"):
            runs += [Run(engine, reversal, market, fill, "worst") for engine in ("backtesting", "vectorbt")]
        runs.append(Run("nautilus", reversal, market, "same_close", ohlc))
    return runs


RUNS = sorted(
    (run for name, market in MARKETS.items() for run in _runs(market, SIZES[name])), key=lambda run: run.engine
)
