"""Every example runs, as the comments at its head say to run it."""

import re
import shlex
import shutil
import tomllib

import pytest

from tests.cli.programs import EXAMPLES, answer, candled
from tests.service.made import dataset, walk

STRATEGIES = sorted(EXAMPLES.glob("*.toml"))
COMMAND = re.compile(r"^#\s+(candled .*)$", re.MULTILINE)


def test_there_are_examples():
    assert {path.stem for path in STRATEGIES} >= {"ema_cross", "mean_reversion", "own_rule"}


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda path: path.stem)
def test_an_example_runs_by_the_command_in_its_own_words(tmp_path, strategy):
    market = tomllib.loads(strategy.read_text())["markets"][0]
    made = dataset(tmp_path, walk(2_000), market["symbol"], market["timeframe"])
    commands = COMMAND.findall(strategy.read_text())
    assert commands, "an example says how to run it"
    for command in commands:
        words = shlex.split(command.replace(" ID", f" {made.manifest.dataset[:12]}"))[1:]
        result = answer(candled(*words, "--data-dir", tmp_path, "--json"))
        assert result["candles"] == 2_000
        assert result["fills"] > 0
        replayed = answer(candled("replay", result["run"], "--verify", "--data-dir", tmp_path, "--json"))
        assert replayed["equal"]


def test_an_example_runs_from_wherever_it_was_copied_to(tmp_path):
    dataset(tmp_path, walk(600))
    copy = shutil.copytree(EXAMPLES, tmp_path / "mine")
    done = candled("backtest", "own_rule.toml", "--data-dir", tmp_path, "--json", cwd=copy)
    here = candled("backtest", EXAMPLES / "own_rule.toml", "--data-dir", tmp_path, "--json")
    assert answer(done)["run"] == answer(here)["run"]
