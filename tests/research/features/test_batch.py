"""The batch graph gives the hot path's bits, computes nothing that is off, and refuses what it cannot make."""

import pytest

from kernel.errors import ConfigError, UsageError
from kernel.features.catalogue.index import catalogue
from kernel.features.declaration import feature, group
from kernel.timeframe import parse_time
from research.features.batch import compute
from research.features.graph import feature_graph
from research.features.nodes import COMPILED, PLAIN
from research.features.obstacles import obstacles
from research.features.wiring import wire
from research.importing.candles import Market
from research.importing.importer import import_candles
from service.definition import Window
from tests.research.features.markets import START_NS, a_dataset, hot, same_bits
from venues.dataset import open_dataset

HOUR_NS = 3_600_000_000_000

FEATURES = (
    *group(
        "averages",
        feature("ema_9", "ema", period=9),
        feature("ema_3_5m", "ema", period=3, timeframe="5m"),
        feature("sma_of_hours", "sma", "ema_2_1h", period=7),
        feature("ema_2_1h", "ema", period=2, timeframe="1h"),
        feature("hours_of_minutes", "sma", "ema_9", period=2, timeframe="1h"),
        feature("five_of_hours", "roc", "ema_2_1h", period=1, timeframe="5m"),
        feature("base_by_name", "ema", period=9, timeframe="1m"),
    ),
    *group("volume", feature("volume_z", "zscore", "volume", period=5), feature("minutes", "sma", "minute", period=1)),
    *group("volume", feature("volume_z_15m", "zscore", "volume", period=3, timeframe="15m")),
    *group("events", feature("cusum_up", "cusum"), feature("level", "sma", "2.5", period=2)),
    *group(
        "cross",
        feature("eth_roc", "roc", "ETH/USDT:close", period=1),
        feature("eth_15m", "sma", "ETH/USDT:close", period=2, timeframe="15m"),
        feature("eth_5m", "sma", "ETH/USDT:minute", period=1, timeframe="5m"),
        feature("own_last", "sma", "BTC/USDT:high", period=1),
        feature("relative", "roc", "eth_roc", period=3),
    ),
)
NAMES = tuple(declared.name for declared in FEATURES)
ALONE = tuple(declared.name for declared in FEATURES if declared.group != "cross")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("batch")


@pytest.fixture(scope="module")
def btc(home):
    return a_dataset(home, start_ns=START_NS + 7 * 60 * 10**9)


@pytest.fixture(scope="module")
def eth(home):
    return a_dataset(home, symbol="ETH/USDT", seed=2)


@pytest.mark.parametrize("scanner", [PLAIN, COMPILED], ids=["plain", "compiled"])
def test_every_column_has_the_bits_of_the_hot_path(btc, eth, scanner):
    same_bits(compute([btc, eth], FEATURES, NAMES, scanner=lambda _rows: scanner), hot([btc, eth], FEATURES, NAMES))


@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h"])
def test_the_other_market_may_have_candles_of_another_length_and_begin_later(home, btc, timeframe):
    eth = a_dataset(home, 200, symbol="ETH/USDT", seed=3, timeframe=timeframe, start_ns=START_NS + HOUR_NS)
    names = ("eth_roc", "own_last", "relative")
    same_bits(compute([btc, eth], FEATURES, names), hot([btc, eth], FEATURES, names))


def test_a_window_is_as_if_there_were_no_other_candles(btc, eth):
    window = Window(parse_time("2022-01-01T01:02Z"), parse_time("2022-01-01T09:33Z"))
    same_bits(compute([btc, eth], FEATURES, NAMES, window=window), hot([btc, eth], FEATURES, NAMES, window))


def test_a_value_does_not_depend_on_later_candles(btc, eth):
    whole = compute([btc, eth], FEATURES, NAMES)
    begun = compute([btc, eth], FEATURES, NAMES, window=Window(None, parse_time("2022-01-01T04:04Z")))
    same_bits(begun, {name: column[: len(begun[name])] for name, column in whole.items()})


def test_candles_too_wide_for_64_bits_come_out_alike(tmp_path):
    wide = a_dataset(tmp_path, 250, seed=5, wide=10**17 + 3)
    assert next(wide.blocks()).volume.dtype == object
    same_bits(compute([wide], FEATURES, ALONE), hot([wide], FEATURES, ALONE))


def test_what_is_off_is_no_node_and_is_not_computed(btc, eth):
    computed = []
    made = compute([btc, eth], FEATURES, ALONE, done=computed.append)
    assert {"volume_z", "VOLUME", "VOLUME_15m", "BARS_15m"} <= set(computed)
    assert len(computed) == len(set(computed))
    others = [name for name in ALONE if "volume" not in name and name != "minutes"]
    computed = []
    same_bits(compute([btc], FEATURES, others, off=["volume"], done=computed.append), {n: made[n] for n in others})
    assert not {"volume_z", "minutes", "VOLUME", "VOLUME_15m", "BARS_15m"} & set(computed)


def test_hamilton_leaves_out_the_nodes_of_a_group_that_is_off():
    wiring = wire(FEATURES, ALONE, 60 * 10**9)
    on, off = (feature_graph(wiring, off=groups).names() for groups in ((), ("volume", "averages")))
    assert set(on) - set(off) == {f.name for f in FEATURES if f.group in {"volume", "averages"}}


def test_nothing_is_computed_that_nobody_asked_for(btc):
    computed = []
    compute([btc], FEATURES, ["five_of_hours"], done=computed.append)
    assert sorted(computed) == ["BARS_1h", "BARS_5m", "CANDLES", "CLOSE_1h", "ema_2_1h", "five_of_hours"]


@pytest.mark.parametrize(
    ("wanted", "off", "told"),
    [
        ("relative", (), "relative: it reads eth_roc: there are no candles of ETH/USDT"),
        ("volume_z", ("volume",), "volume_z: group volume is off"),
        ("ema_10", (), "no feature is declared as 'ema_10'"),
        ("ema_9", ("volum",), "no feature is in a group 'volum'"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(btc, wanted, off, told):
    with pytest.raises(ConfigError, match=told):
        compute([btc], FEATURES, [wanted], off=off)


def test_bars_shorter_than_the_candles_or_no_multiple_of_them_cannot_be_made(home):
    hours = a_dataset(home, 50, seed=4, timeframe="1h")
    with pytest.raises(ConfigError, match="ema_3_5m: bars of 5m cannot be made of these candles"):
        compute([hours], FEATURES, ["ema_3_5m"])
    same_bits(compute([hours], FEATURES, ["ema_2_1h"]), hot([hours], FEATURES, ["ema_2_1h"]))


def test_two_datasets_of_one_symbol_and_an_empty_window_are_refused(btc, home):
    with pytest.raises(UsageError, match="two datasets are of BTC/USDT"):
        compute([btc, a_dataset(home, 20, seed=9)], FEATURES, ["ema_9"])
    with pytest.raises(UsageError, match="has no candle in that time"):
        compute([btc], FEATURES, ["ema_9"], window=Window(parse_time("2023-01-01")))


def test_the_whole_catalogue_has_the_bits_of_the_hot_path_over_a_real_halt(shared_data, tmp_path):
    """The exchange stood still for 80 minutes on 24 March 2023."""
    files = sorted((shared_data / "raw" / "binance-vision").glob("BTCUSDT-1m-2023-03-2?.zip"))
    manifest = import_candles(tmp_path, files, Market("binance", "BTC/USDT", "1m")).manifest
    btc, declared = open_dataset(tmp_path, manifest.dataset), catalogue()
    hindered = obstacles(declared, [f.name for f in declared], 60 * 10**9, symbols=["BTC/USDT"])
    names = [f.name for f in declared if f.name not in hindered]
    window = Window(parse_time("2023-03-24T04:00Z"), parse_time("2023-03-24T21:00Z"))
    same_bits(compute([btc], declared, names, window=window), hot([btc], declared, names, window))
