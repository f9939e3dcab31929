"""What a run imports: nothing that only research needs, however it is installed."""

import subprocess
import sys

import pytest

from tests.service.made import EMA_CROSS, dataset, walk

RUN = """
import sys
from service.cli.main import app
try:
    app(sys.argv[1:])
except SystemExit as left:
    assert not left.code, left.code
loaded = {name.partition(".")[0] for name in sys.modules}
heavy = {"pandas", "hamilton", "scipy", "sqlalchemy", "asyncpg", "ccxt", "numba", "research"}
print("loaded:", *sorted(loaded & heavy))
"""


@pytest.mark.parametrize("mode", ["step", "block"])
def test_a_short_backtest_into_a_file_loads_nothing_heavy(tmp_path, mode):
    """pandas alone would double its memory; numba comes when a run is long enough to be worth it."""
    market = dataset(tmp_path, walk(300)).manifest.dataset
    command = [sys.executable, "-c", RUN, "backtest", EMA_CROSS, "--dataset", market, "--data-dir", tmp_path]
    done = subprocess.run([*command, "--mode", mode], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].strip() == "loaded:"
