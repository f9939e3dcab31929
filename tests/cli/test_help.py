"""Help teaches, and costs nothing."""

import subprocess
import sys

import pytest
from programs import ROOT, candled, clean_environment, inside

VERBS = [
    "demo", "backtest", "replay", "explain", "data import", "data list", "data show", "data verify", "log verify",
    "log show", "log head", "db upgrade", "db rebuild", "certify", "features list", "features show", "features graph",
    "features compute", "features fit", "report", "run", "status", "pause", "resume", "reduce", "flatten", "cancel-all",
    "doctor", "data sample",
]  # fmt: skip
HEAVY = {
    "numpy", "pyarrow", "sqlalchemy", "asyncpg", "pandas", "ccxt", "alembic", "zstandard", "uvloop", "asyncio",
    "msgspec", "structlog",
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb):
    done = inside(*verb.split(), "--help", COLUMNS="100")
    assert done.returncode == 0
    usage, _, rest = done.stdout.partition("\n")
    assert usage.startswith(f"Usage: candled {verb}")
    assert f"candled {verb}" in rest, "no example"
    assert "--data-dir" in rest
    assert "--json" in rest


def test_the_list_of_verbs_is_whole():
    for parents in ([], ["data"], ["log"], ["db"]):
        page = inside(*parents, "--help").stdout
        for verb in VERBS:
            *above, name = verb.split()
            assert above != parents or f" {name} " in page


def test_help_imports_nothing_heavy():
    script = "import sys; from service.cli.main import main\ntry: main()\nexcept SystemExit: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script, "--help"], capture_output=True, text=True, cwd=ROOT, env=clean_environment(),
        check=True,
    )  # fmt: skip
    modules = done.stdout.splitlines()[-1].split()
    assert {module.split(".")[0] for module in modules} & HEAVY == set()
    ours = {module for module in modules if module.split(".")[0] in {"kernel", "venues", "service", "research"}}
    assert ours == {"kernel", "kernel.errors", "service", "service.cli", "service.cli.main"}


def test_the_version_is_told():
    assert candled("--version").stdout.strip().count(".") == 2
