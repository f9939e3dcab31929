"""Datasets as readers see them: found by prefix, cut by time, cheap to read, and any altered byte noticed."""

import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import CheckFailed, DataRefused, NotFound, UsageError
from research.importing.candles import Facts, Market, Numbers, candles_of
from research.importing.promote import promote_candles
from venues.dataset import Dataset, datasets_dir, list_manifests, open_dataset

START = 1_640_995_200_000_000_000
MINUTE = 60_000_000_000


def made(data_dir: Path, rows: int, *, symbol: str = "BTC/USDT", volume_factor: int = 1) -> Dataset:
    times = START + np.arange(rows, dtype=np.int64) * MINUTE
    prices = 4_000_000 + (np.arange(rows, dtype=np.int64) * 7_919) % 100_000
    volume = np.arange(1, rows + 1).astype(object) * volume_factor
    columns = tuple(Numbers(prices + shift, 2) for shift in (0, 50, -50, 10))
    facts = Facts(market=Market("binance", symbol, "1m"), sources=(), now_ns=START)
    manifest, _ = promote_candles(data_dir, candles_of(times, columns, Numbers(volume, 6)), facts)
    return open_dataset(data_dir, manifest.dataset)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """150,000 candles: three row groups."""
    return made(tmp_path_factory.mktemp("dataset"), 150_000)


@given(bounds=st.tuples(st.integers(-10, 150_010), st.integers(-10, 150_010)))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_window_holds_what_opens_in_it(dataset, bounds):
    first, before = bounds
    blocks = list(dataset.blocks(first_ns=START + first * MINUTE - 1, before_ns=START + before * MINUTE + 1))
    times = [int(opened) for block in blocks for opened in block.open_time[[0, -1]]]
    expected = range(max(first, 0), min(before, 149_999) + 1)
    assert sum(len(block.open_time) for block in blocks) == len(expected)
    assert all(len(block.open_time) for block in blocks)
    if expected:
        assert (times[0], times[-1]) == (START + expected[0] * MINUTE, START + expected[-1] * MINUTE)


def test_blocks_come_by_row_group_in_int64(dataset):
    blocks = list(dataset.blocks())
    assert [len(block.open_time) for block in blocks] == [65_536, 65_536, 18_928]
    assert {column.dtype for block in blocks for column in block} == {np.dtype("int64")}


def test_a_wide_column_is_python_integers_in_every_block(tmp_path):
    wide = made(tmp_path, 70_000, volume_factor=10**15 + 1)
    blocks = list(wide.blocks())
    assert [block.volume.dtype for block in blocks] == [np.dtype(object)] * 2
    assert blocks[1].volume.tolist()[-1] == 70_000 * (10**15 + 1)
    wide.verify()


def test_a_dataset_is_found_by_its_beginning(dataset, tmp_path):
    home, identity = dataset.path.parent.parent, dataset.manifest.dataset
    assert open_dataset(home, identity[:6].upper()) == dataset
    with pytest.raises(UsageError, match="too short"):
        open_dataset(home, identity[:5])
    with pytest.raises(NotFound) as caught:
        open_dataset(home, "000000000000")
    assert f"{identity[:12]} (binance BTC/USDT 1m)" in caught.value.fix
    with pytest.raises(NotFound) as caught:
        open_dataset(tmp_path, "000000000000")
    assert "candled data import" in caught.value.fix


def test_a_beginning_that_fits_several_is_refused(tmp_path):
    one = made(tmp_path, 3)
    twin = datasets_dir(tmp_path) / (one.manifest.dataset[:20] + "0" * 44)
    twin.mkdir()
    with pytest.raises(UsageError, match="fits 2 datasets") as caught:
        open_dataset(tmp_path, one.manifest.dataset[:20])
    assert one.manifest.dataset in caught.value.fix


def test_datasets_are_listed_by_market(tmp_path):
    for symbol in ("SOL/USDT", "BTC/USDT"):
        made(tmp_path, 3, symbol=symbol)
    assert [manifest.symbol for manifest in list_manifests(tmp_path)] == ["BTC/USDT", "SOL/USDT"]
    assert list_manifests(tmp_path / "nowhere") == []


def test_one_altered_byte_anywhere_is_noticed(tmp_path):
    """In the footer too, where some bytes would make Arrow end the process."""
    dataset = made(tmp_path, 500)
    path = dataset.path / "candles.parquet"
    whole = path.read_bytes()
    path.chmod(0o644)
    for at in range(0, len(whole), 3):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x80]) + whole[at + 1 :])
        with pytest.raises(CheckFailed, match=dataset.manifest.dataset[:12]):
            dataset.verify()
        with pytest.raises(DataRefused, match="is altered"):
            next(dataset.blocks())
    path.write_bytes(whole)
    dataset.verify()


def test_other_candles_with_a_manifest_that_fits_their_bytes_have_another_id(tmp_path):
    one, other = made(tmp_path, 500), made(tmp_path, 500, volume_factor=3)
    for path in one.path.iterdir():
        path.unlink()
    (other.path / "candles.parquet").rename(one.path / "candles.parquet")
    manifest = msgspec.structs.replace(other.manifest, dataset=one.manifest.dataset)
    (one.path / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    with pytest.raises(CheckFailed, match="now hash to"):
        open_dataset(tmp_path, one.manifest.dataset).verify()


@pytest.mark.parametrize("field", ["venue", "symbol", "timeframe", "price_decimals", "volume_decimals", "rows"])
def test_an_altered_manifest_is_noticed(tmp_path, field):
    dataset = made(tmp_path, 10)
    path = dataset.path / "manifest.json"
    path.chmod(0o644)
    said = getattr(dataset.manifest, field)
    before, after = (f'"{said}"', f'"{said}x"') if isinstance(said, str) else (str(said), str(said + 1))
    path.write_text(path.read_text().replace(f'"{field}": {before}', f'"{field}": {after}'))
    with pytest.raises(CheckFailed):
        open_dataset(tmp_path, dataset.manifest.dataset).verify()


def test_a_damaged_manifest_is_named(tmp_path):
    dataset = made(tmp_path, 10)
    path = dataset.path / "manifest.json"
    path.chmod(0o644)
    for text in ("", "{}", path.read_text().replace(dataset.manifest.dataset, "0" * 64)):
        path.write_text(text)
        with pytest.raises(DataRefused, match=r"manifest\.json"):
            open_dataset(tmp_path, dataset.manifest.dataset)


def test_a_file_of_other_candles_is_refused_when_read(tmp_path):
    one, other = made(tmp_path, 10), made(tmp_path, 20)
    (one.path / "candles.parquet").unlink()
    (other.path / "candles.parquet").rename(one.path / "candles.parquet")
    with pytest.raises(DataRefused, match="is altered"):
        list(one.blocks())
    with pytest.raises(DataRefused, match="cannot be read"):
        list(other.blocks())


def test_a_million_candles_are_read_in_a_moment(tmp_path):
    """Measured 0.04 s; the bound leaves room for a busy machine."""
    dataset = made(tmp_path, 1_000_000)
    began = time.perf_counter()
    assert sum(len(block.open_time) for block in dataset.blocks()) == 1_000_000
    assert time.perf_counter() - began < 0.5
