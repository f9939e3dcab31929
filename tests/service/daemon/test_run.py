"""`candled run` as its user meets it: to the market's end it is the backtest, and what it refuses it refuses plainly."""

import json
import os
import subprocess

import pytest

from service.embedded.client import join
from tests.service.daemon.living import Ended, Place, of_type, said_as_json
from tests.service.made import EMA_CROSS, ROOT, dataset, run, walk

SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
MARKETS = {"rotation": 3, "two_strategies": 2}
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.toml"))


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    found = tmp_path_factory.mktemp("run")
    with join(found):
        yield found


@pytest.fixture(scope="module")
def datasets(data_dir):
    return [dataset(data_dir, walk(3_000, seed), symbol) for seed, symbol in enumerate(SYMBOLS, 1)]


def place(data_dir, datasets, example, *overrides):
    return Place(data_dir, datasets[: MARKETS.get(example, 1)], ROOT / "examples" / f"{example}.toml", overrides)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_ends_as_its_backtest(data_dir, datasets, example):
    there, stream = place(data_dir, datasets, example), f"examples/{example}"
    with there.living(stream, "--exit-at-end") as living:
        code, out = living.answer()
    assert code == 0, living.said
    assert len(out.splitlines()) == 1
    answered = json.loads(out)
    whole = there.backtest.result
    assert answered["stream"] == stream
    assert answered["run"] == whole.run
    assert answered["candles"] == whole.candles
    recorded = there.check(stream, living_end(out))
    assert answered["events"] == len(recorded)
    assert {line["level"] for line in said_as_json(living.said)} == {"info"}


def living_end(out):
    return json_decode(out)


def json_decode(out):
    import msgspec

    return msgspec.json.decode(out, type=Ended)
