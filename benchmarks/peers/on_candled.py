"""The rule on candled, through its command line alone: import once, backtest, read the fills from the log.

Rule of this file: only the backtest is measured. Import and reading back are work that the other rows do not do.
"""

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from engines import CHECKOUT, FILLS, PYTHON, SCRIPTS, Market
from measure import Measured, measure

CANDLED = CHECKOUT / ".venv" / "bin" / "candled"
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Candled:
    """The program of this checkout, with its data below `folder`."""

    folder: Path
    name: str = "candled"
    fills: tuple[str, ...] = FILLS
    datasets: dict[str, str] = field(default_factory=dict)

    def run(self, market: Market, fill: str, data: Path) -> Measured:
        if market.name not in self.datasets:
            self.datasets[market.name] = self._import(market, data)
        strategy = CHECKOUT / "examples" / "ema_cross.toml"
        choice = ["--dataset", self.datasets[market.name], "--set", f"venue.fill={fill}"]
        measured = self._candled("backtest", strategy, *choice)
        return Measured(self._report(measured.report, fill), measured.wall_s, measured.cpu_s, measured.peak_mib)

    def _import(self, market: Market, data: Path) -> str:
        cut = self.folder / f"{market.name}.parquet"
        measure([PYTHON, SCRIPTS / "cut.py", cut, *market.arguments(data)], CHECKOUT)
        what = ("--venue", "binance", "--symbol", "BTC/USDT", "--timeframe", "1m")
        imported = self._candled("data", "import", cut, *what).report
        if imported["rows"] != market.rows:
            raise ValueError(f"candled imported {imported['rows']} of {market.rows} rows of {market.name}")
        return str(imported["dataset"])

    def _report(self, told: dict[str, Any], fill: str) -> dict[str, Any]:
        """What the backtest told, in the fields of the others, with the digest of the fills in its log."""
        version = subprocess.run([CANDLED, "--version"], check=True, capture_output=True, text=True).stdout.strip()
        same = {key: told[key] for key in ("candles", "fills", "fees", "final_equity")}
        return {
            **same, "engine": "candled", "version": version, "fill": fill, "run_s": [told["wall_s"]],
            "round_trips": told["trades"], "digest": self._digest(told["run"]),
        }  # fmt: skip

    def _digest(self, run: str) -> str:
        """As reference.py makes it. A fill's event time is the close of its candle, whichever of its prices it took."""
        side = {order["order"]: order["side"] for order in self._logged(run, "OrderRequested")}
        hasher = hashlib.sha256()
        for fill in self._logged(run, "OrderFilled"):
            open_time_ms = fill["ts"] // 1_000_000 - MINUTE_MS
            price = f"{Decimal(fill['price']).normalize():f}"
            hasher.update(f"{open_time_ms},{side[fill['order']]},{price}\n".encode())
        return hasher.hexdigest()

    def _logged(self, run: str, kind: str) -> Iterator[dict[str, Any]]:
        shown = self._candled("log", "show", run, "--type", kind, "--limit", "1000000").report
        return (record["payload"] for record in shown["records"])

    def _candled(self, *verb: str | Path) -> Measured:
        return measure([CANDLED, *verb, "--data-dir", self.folder / "candled-data", "--json"], CHECKOUT)


def candled_is_there() -> bool:
    """Whether this checkout's candled knows the verb `backtest` yet."""
    if not CANDLED.is_file():
        return False
    return subprocess.run([CANDLED, "backtest", "--help"], check=False, capture_output=True).returncode == 0
