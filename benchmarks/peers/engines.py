"""The engines under comparison, and how each is put to work on a market.

Rule of this file: an engine is a process of its own, in a venv of its own pins; nothing is imported from any of them.
"""

import hashlib
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from measure import Measured, measure

CHECKOUT = Path(__file__).resolve().parents[2]
SCRIPTS = CHECKOUT / "benchmarks" / "peers"
PYTHON = CHECKOUT / ".venv" / "bin" / "python"
FILLS = ("same_close", "next_open")


@dataclass(frozen=True)
class Market:
    """Recorded candles: the first `rows` of `files`, one file after the other."""

    name: str
    files: tuple[str, ...]
    rows: int

    def arguments(self, data: Path) -> list[str | Path]:
        return [*(data / name for name in self.files), "--rows", str(self.rows)]


YEAR = Market("BTCUSDT-1m-2022", ("binance-spot-BTCUSDT-1m-2022.parquet",), 525_600)
MILLION = Market(
    "BTCUSDT-1m-2021+2022",
    ("binance-spot-BTCUSDT-1m-2021.parquet", "binance-spot-BTCUSDT-1m-2022.parquet"),
    1_000_000,
)


class Engine(Protocol):
    """Something that trades the rule. `run` is one whole process; its report has the fields of reference.py's."""

    @property
    def name(self) -> str: ...
    @property
    def fills(self) -> tuple[str, ...]: ...
    def run(self, market: Market, fill: str, data: Path) -> Measured: ...


@dataclass(frozen=True)
class Reference:
    """The computation by hand, in candled's own venv for its Parquet reader."""

    name: str = "reference"
    fills: tuple[str, ...] = FILLS

    def run(self, market: Market, fill: str, data: Path) -> Measured:
        return measure([PYTHON, SCRIPTS / "reference.py", *market.arguments(data), "--fill", fill], CHECKOUT)


@dataclass(frozen=True)
class Peer:
    """A third-party engine: `on_NAME.py`, run in `.venv-peers/NAME`, which `requirements/peers-NAME.lock` describes."""

    name: str
    fills: tuple[str, ...] = FILLS
    compiles: bool = False  # its first run in a process compiles, so a second one is another figure

    def install(self) -> None:
        """Make the venv, unless it stands and its lock has not changed since."""
        lock = CHECKOUT / "requirements" / f"peers-{self.name}.lock"
        stamp = self._venv / "installed"
        wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        print(f"installing {self.name} into .venv-peers", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", self._venv], check=True)
        pip = (self._python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        subprocess.run([*pip, "--only-binary", ":all:", "--require-hashes", "-r", lock], check=True)
        stamp.write_text(wanted)

    def run(self, market: Market, fill: str, data: Path, warm: int = 0) -> Measured:
        script = SCRIPTS / f"on_{self.name}.py"
        arguments = [*market.arguments(data), "--fill", fill, "--warm", str(warm)]
        return measure([self._python, script, *arguments], CHECKOUT)

    @property
    def _venv(self) -> Path:
        return CHECKOUT / ".venv-peers" / self.name

    @property
    def _python(self) -> Path:
        return self._venv / "bin" / "python"


PEERS = (
    Peer("backtesting"),
    Peer("vectorbt", compiles=True),
    Peer("nautilus", fills=("same_close",)),  # see docs/peers.md
    Peer("backtrader"),
)


def machine() -> dict[str, object]:
    """What the figures were taken on, without a name or a path."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cpus": os.cpu_count(),
        "python": sys.version.split()[0],
    }
