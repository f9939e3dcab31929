"""What was computed once is not computed again, unless anything that decides it has changed, or the file is damaged."""

import numpy as np
import pytest

from kernel.features.declaration import feature, group
from research.features.batch import compute, markets_of, prepare
from research.features.cache import Cache, column_key
from tests.research.features.markets import a_dataset, same_bits

FEATURES = (
    *group("averages", feature("ema_9", "ema", period=9), feature("ema_2_1h", "ema", period=2, timeframe="1h")),
    feature("smooth", "sma", "ema_2_1h", period=7),
    feature("eth_roc", "roc", "ETH/USDT:close", period=1),
)
ALL = ("ema_9", "smooth", "eth_roc")


@pytest.fixture
def btc(tmp_path):
    return a_dataset(tmp_path, 500)


@pytest.fixture
def eth(tmp_path):
    return a_dataset(tmp_path, 500, symbol="ETH/USDT", seed=2)


def computed(home, datasets, declared, wanted, notes=None):
    """The columns, and which features had to be computed for them."""
    told = []
    cache = Cache(home, pytest.fail if notes is None else notes.append)
    batch = prepare(markets_of(datasets), declared, wanted, cache=cache, done=told.append)
    columns = batch.compute()
    return columns, {name for name in told if name in batch.wiring.features}


def test_the_second_time_nothing_is_computed_and_the_bits_are_the_same(tmp_path, btc, eth):
    first, made = computed(tmp_path, [btc, eth], FEATURES, ALL)
    assert made == {"ema_9", "ema_2_1h", "smooth", "eth_roc"}
    same_bits(first, compute([btc, eth], FEATURES, ALL))
    second, made = computed(tmp_path, [btc, eth], FEATURES, ALL)
    assert made == set()
    same_bits(second, first)


def test_a_new_feature_is_computed_from_what_is_there(tmp_path, btc):
    computed(tmp_path, [btc], FEATURES, ["smooth"])
    declared = (*FEATURES, feature("smoother", "sma", "smooth", period=2))
    columns, made = computed(tmp_path, [btc], declared, ["smoother"])
    assert made == {"smoother"}
    same_bits(columns, compute([btc], declared, ["smoother"]))


def test_a_change_upstream_is_a_change_and_a_new_name_is_none(tmp_path, btc):
    computed(tmp_path, [btc], FEATURES, ["smooth"])
    renamed = (feature("hours", "ema", period=2, timeframe="1h"), feature("calm", "sma", "hours", period=7))
    assert computed(tmp_path, [btc], renamed, ["calm"])[1] == set()
    changed = (feature("ema_2_1h", "ema", period=3, timeframe="1h"), FEATURES[2])
    columns, made = computed(tmp_path, [btc], changed, ["smooth"])
    assert made == {"ema_2_1h", "smooth"}
    same_bits(columns, compute([btc], changed, ["smooth"]))


def test_another_dataset_makes_other_columns(tmp_path, btc, eth):
    computed(tmp_path, [btc, eth], FEATURES, ALL)
    other = a_dataset(tmp_path, 500, symbol="ETH/USDT", seed=3)
    columns, made = computed(tmp_path, [btc, other], FEATURES, ALL)
    assert made == {"eth_roc"}
    same_bits(columns, compute([btc, other], FEATURES, ALL))
    assert computed(tmp_path, [other, btc], FEATURES, ["ema_9"])[1] == {"ema_9"}


def test_other_code_makes_other_keys(btc, eth):
    markets = markets_of([btc, eth])
    base, others = markets.pop("BTC/USDT"), markets
    keys = {column_key(code, declaration, base, read) for code in "ab" for declaration in "cd" for read in ({}, others)}
    assert len(keys) == 8


def flip(path, other):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path, other):
    path.write_bytes(path.read_bytes()[:-40])


def empty(path, other):
    path.write_bytes(b"")


def exchange(path, other):
    path.write_bytes(other.read_bytes())


@pytest.mark.parametrize("damage", [flip, cut, empty, exchange])
def test_a_damaged_file_is_told_of_and_computed_again(tmp_path, btc, damage):
    first, _ = computed(tmp_path, [btc], FEATURES, ["ema_9", "ema_2_1h"])
    path, other = sorted((tmp_path / "features" / "cache").iterdir())
    damage(path, other)
    notes = []
    second, made = computed(tmp_path, [btc], FEATURES, ["ema_9", "ema_2_1h"], notes)
    assert len(made) == 1
    assert [str(path) in note for note in notes] == [True]
    same_bits(second, first)
    assert computed(tmp_path, [btc], FEATURES, ["ema_9", "ema_2_1h"])[1] == set()


def test_who_writes_into_a_column_does_not_write_into_the_cache(tmp_path, btc):
    first, _ = computed(tmp_path, [btc], FEATURES, ["ema_9"])
    kept = np.array(first["ema_9"])
    first["ema_9"][:] = 0.0
    second, made = computed(tmp_path, [btc], FEATURES, ["ema_9"])
    assert made == set()
    same_bits(second, {"ema_9": kept})
