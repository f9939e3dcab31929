"""Every example runs, as the comments at its head say to run it."""

import re
import shlex
import shutil
import tomllib

import pytest

from tests.cli.programs import EXAMPLES, answer, candled, inside
from tests.service.made import dataset, walk

STRATEGIES = sorted(EXAMPLES.glob("*.toml"))
COMMAND = re.compile(r"^#\s+(candled backtest .*?)(?:  .*)?$", re.MULTILINE)  # `run` is tested with the daemon


ROWS = 7_000  # the rotation decides once a day


def test_there_are_examples():
    names = {"ema_cross", "mean_reversion", "own_rule", "breakout", "rotation", "two_strategies"}
    assert {path.stem for path in STRATEGIES} >= names


def imported(data_dir, strategy) -> dict[str, str]:
    """A dataset for each market of an example, by the words that its comment has for them."""
    markets = tomllib.loads(strategy.read_text())["markets"]
    ids = {}
    for seed, market in enumerate(markets, 1):
        made = dataset(data_dir, walk(ROWS, seed), market["symbol"], market["timeframe"])
        ids[market["symbol"].partition("/")[0]] = made.manifest.dataset[:12]
    return ids if len(ids) > 1 else {"ID": next(iter(ids.values()))}


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda path: path.stem)
def test_an_example_runs_by_the_command_in_its_own_words(tmp_path, strategy):
    ids = imported(tmp_path, strategy)
    commands = COMMAND.findall(strategy.read_text())
    assert commands, "an example says how to run it"
    for command in commands:
        words = [ids.get(word, word) for word in shlex.split(command)[1:] if word != "--json"]
        assert words.count("--dataset") == len(ids)
        block, step = (
            answer(candled(*words, "--mode", mode, "--data-dir", tmp_path, "--json")) for mode in ("block", "step")
        )
        assert block["candles"] == ROWS * len(ids)
        assert block["fills"] > 1
        assert block["refusals"] < block["orders"]
        told = ("run", "log_head", "decisions_digest", "final_equity", "skips")
        assert {name: block[name] for name in told} == {name: step[name] for name in told}
        for stream in (block["stream"], step["stream"]):
            replayed = answer(inside("replay", stream, "--verify", "--data-dir", tmp_path, "--json"))
            assert replayed["equal"]
            assert replayed["events"] == block["events"]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda path: path.stem)
def test_an_example_finds_its_markets_by_itself(tmp_path, strategy):
    imported(tmp_path, strategy)
    assert answer(inside("backtest", strategy, "--data-dir", tmp_path, "--json"))["fills"] > 1


def test_an_example_runs_from_wherever_it_was_copied_to(tmp_path):
    dataset(tmp_path, walk(600))
    copy = shutil.copytree(EXAMPLES, tmp_path / "mine")
    done = candled("backtest", "own_rule.toml", "--data-dir", tmp_path, "--json", cwd=copy)
    here = candled("backtest", EXAMPLES / "own_rule.toml", "--data-dir", tmp_path, "--json")
    assert answer(done)["run"] == answer(here)["run"]
