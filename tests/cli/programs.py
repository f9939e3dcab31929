"""The program as its user starts it: a process, its two streams and its exit code. Or the same without a process."""

import os
import random
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import msgspec
import pytest

ROOT = Path(__file__).resolve().parents[2]
CANDLED = [Path(sys.executable).with_name("candled")]
EXAMPLES = ROOT / "examples"


def candled(*words: Any, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    """Run it to its end; no answer may hold a traceback."""
    done = subprocess.run(
        [*CANDLED, *map(str, words)], capture_output=True, text=True, cwd=cwd, env=clean_environment() | environment,
        check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done


def inside(*words: Any, **environment: str) -> subprocess.CompletedProcess:
    """Run it in this process, to its end: where many questions are asked of which a process could say no more."""
    streams = [TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(streams[0]), redirect_stderr(streams[1]):
        patched.delenv("PYTEST_VERSION")  # cyclopts has a warning for whoever tests it so
        for name in set(os.environ) - set(clean_environment()):
            patched.delenv(name)
        for name, value in environment.items():
            patched.setenv(name, value)
        patched.setattr(sys, "argv", ["candled", *map(str, words)])
        patched.delitem(sys.modules, "service.cli.main", raising=False)  # its tree of verbs is made anew
        patched.chdir(ROOT)
        try:
            code = import_module("service.cli.main").main() or 0
        except SystemExit as left:
            code = left.code or 0
    told, errors = (stream.buffer.getvalue().decode() for stream in streams)
    return subprocess.CompletedProcess(words, code, told, errors)


def clean_environment() -> dict[str, str]:
    """Ours without the variables that the program reads."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CANDLED_")}


def answer(done: subprocess.CompletedProcess) -> dict[str, Any]:
    """The one JSON object that stdout holds, and nothing else."""
    assert done.stdout.count("\n") == 1, done.stderr
    assert done.stdout.endswith("}\n")
    decoded: dict[str, Any] = msgspec.json.decode(done.stdout)
    return decoded


def market_file(path: Path, rows: int, seed: int = 1) -> Path:
    chance, close = random.Random(seed), 40_000
    lines = ["timestamp,open,high,low,close,volume"]
    for row in range(rows):
        opened, close = close, close + chance.randint(-300, 300) - (close - 40_000) // 200
        high, low = max(opened, close), min(opened, close)
        lines.append(f"{1_640_995_200_000 + row * 60_000},{opened},{high},{low},{close},{chance.randint(1, 99)}")
    path.write_text("\n".join(lines) + "\n")
    return path


def imported(data_dir: Path, rows: int, symbol: str = "BTC/USDT", seed: int = 1) -> str:
    data_dir.mkdir(exist_ok=True)
    file = market_file(data_dir / f"{symbol.replace('/', '')}.csv", rows, seed)
    market = ["--venue", "binance", "--symbol", symbol, "--timeframe", "1m"]
    return answer(inside("data", "import", file, *market, "--data-dir", data_dir, "--json"))["dataset"]
