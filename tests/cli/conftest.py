"""A small market for the program: imported once, by the program."""

from pathlib import Path

import pytest
from programs import answer, candled, imported


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """A data directory with 600 candles of BTC/USDT."""
    data_dir = tmp_path_factory.mktemp("cli")
    imported(data_dir, 600)
    return data_dir


@pytest.fixture(scope="session")
def ran(home):
    """What `backtest --json` said of a run there."""
    return answer(candled("backtest", "examples/ema_cross.toml", "--data-dir", home, "--json"))
