"""`candled data sample`: a market to try things on, for whoever has no data yet."""

from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from research.sample_market import make_sample_market
from service.cli.options import Common, answer, progress

__all__ = ["sample"]

_DEFAULTS = Common()


def sample(
    *,
    rows: Annotated[int, Parameter(help="How many synthetic one-minute candles.")] = 50_000,
    seed: Annotated[int, Parameter(help="The market is a function of this number.")] = 7,
    common: Common = _DEFAULTS,
) -> None:
    """Make a synthetic market a dataset: no real prices, the same on every machine.

    Example: `candled data sample --rows 20000`
    """
    with progress("making the market", rows, "candles") as advance:
        manifest = make_sample_market(common.data_dir, rows=rows, seed=seed, progress=advance)

    def show(out: Console) -> None:
        out.print(f"dataset {manifest.dataset[:12]}: {rows:,} candles of {manifest.symbol} from {manifest.first}")
        out.print(
            f"next: {common.command(f'run examples/paper.toml --dataset {manifest.dataset[:12]}')}", soft_wrap=True
        )

    answer(common, {"dataset": manifest.dataset, "symbol": manifest.symbol, "rows": rows}, show)
