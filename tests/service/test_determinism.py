"""One definition, one head: whatever the environment, the libraries that were loaded, and the place it runs in."""

import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from made import MEAN_REVERSION, ROOT, dataset, run, walk

GOLDEN = Path(__file__).parent / "golden" / "heads.json"
WHAT_IT_MEANS = (
    "The log of the synthetic market is another one now. Either a decision, an amount or a payload's bytes changed by "
    "mistake: then mend that. Or on purpose: then runs made before will not replay equal, which wants a schema version "
    "or a line in the changelog, and tests/service/golden/heads.json made anew from the figures below."
)

# Runs the program as its script does, after what a rude library could have done to the process.
RUDE = """
import decimal, locale, sys
{first}
from service.cli.main import main
main()
"""
POISONED = """
decimal.DefaultContext.prec = 3
context = decimal.Context(prec=3, rounding=decimal.ROUND_UP, capitals=0, Emax=9, Emin=-9, clamp=1)
decimal.setcontext(context)
decimal.getcontext().traps[decimal.FloatOperation] = True
"""
CCXT = """
import ccxt
assert ccxt.decimal_to_precision("123.456", ccxt.ROUND, 2, ccxt.DECIMAL_PLACES) == "123.46"
"""
ALL_LOADED = "import asyncpg, numpy, pyarrow.parquet, sqlalchemy; numpy.seterr(all='raise')"

ENVIRONMENTS = {
    "hash seed 0": {"PYTHONHASHSEED": "0"},
    "hash seed 1": {"PYTHONHASHSEED": "1"},
    "hash seed random": {"PYTHONHASHSEED": "random"},
    "far east": {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7"},
    "plain C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "America/St_Johns"},
    "many threads": {"OMP_NUM_THREADS": "7", "ARROW_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "1"},
    "no bytecode": {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONOPTIMIZE": "1"},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    data_dir = tmp_path_factory.mktemp("determined")
    dataset(data_dir, walk(500))
    return data_dir


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Here, in this process."""
    data_dir = tmp_path_factory.mktemp("here")
    result = run(data_dir, [dataset(data_dir, walk(500))], MEAN_REVERSION, "strategy.features.0.period=20").result
    return {"run": result.run, "log_head": result.log_head, "decisions_digest": result.decisions_digest}


def there(home: Path, *, first: str = "", cwd: Path = ROOT, **environment: str) -> dict[str, str]:
    strategy = [MEAN_REVERSION, "--set", "strategy.features.0.period=20"]
    command = [sys.executable, "-c", RUDE.format(first=first), "backtest", *strategy, "--data-dir", home, "--json"]
    done = subprocess.run(command, capture_output=True, cwd=cwd, env=os.environ | environment, check=False)
    assert done.returncode == 0, done.stderr.decode()
    answer = json.loads(done.stdout)
    return {name: answer[name] for name in ("run", "log_head", "decisions_digest")}


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_the_environment_changes_nothing(home, expected, environment):
    assert there(home, **environment) == expected


@pytest.mark.parametrize("name", ["tr_TR", "ar_EG"])
def test_a_language_changes_nothing(home, expected, tmp_path, name):
    """Turkish has another i, Egypt other digits. The locale is made here, since few machines have it."""
    if shutil.which("localedef") is None:
        pytest.skip("no localedef on this machine to make a locale with")
    made = subprocess.run(
        ["localedef", "-i", name, "-f", "UTF-8", tmp_path / f"{name}.UTF-8"], capture_output=True, check=False
    )
    if not (tmp_path / f"{name}.UTF-8").exists():
        pytest.skip(f"localedef cannot make {name}: {made.stderr.decode()[:80]}")
    spoken = f"locale.setlocale(locale.LC_ALL, ''); assert locale.getlocale()[0] == '{name}'"
    assert there(home, first=spoken, LOCPATH=str(tmp_path), LC_ALL=f"{name}.UTF-8") == expected


@pytest.mark.parametrize("first", [POISONED, ALL_LOADED], ids=["decimal context poisoned", "all loaded"])
def test_what_else_runs_in_the_process_changes_nothing(home, expected, first):
    assert there(home, first=first) == expected


def test_ccxt_changes_nothing(home, expected):
    """It turns the ambient decimal context to its liking when it is used."""
    pytest.importorskip("ccxt")
    assert there(home, first=CCXT) == expected


def test_the_place_changes_nothing(home, expected, tmp_path):
    moved = tmp_path / "a place with spaces" / "äöü"
    shutil.copytree(home, moved)
    assert there(moved, cwd=tmp_path, CANDLED_DATA_DIR="/nowhere") == expected
    assert there(Path(os.path.relpath(moved, tmp_path)), cwd=tmp_path, PYTHONPATH=str(ROOT)) == expected


def test_the_log_of_a_synthetic_market_is_the_golden_one(tmp_path):
    """Both ways to fill, and every doubt of the venue. The opening is left out: it names the run, hence all code."""
    market = dataset(tmp_path, walk(500))
    found = {}
    for strategy in sorted(GOLDEN.parent.glob("*.toml")):
        ran = run(tmp_path, [market], strategy)
        found[strategy.stem] = {
            "events": ran.result.events,
            "after_opening": sha256(b"\n".join(record.payload for record in ran.records[1:])).hexdigest(),
            "decisions_digest": ran.result.decisions_digest,
            "fees": ran.result.fees,
            "final_equity": ran.result.final_equity,
        }
    golden = json.loads(GOLDEN.read_text())
    assert found == golden, f"{WHAT_IT_MEANS}\n{json.dumps(found, indent=2)}"
