"""Real recorded candles. The expected figures are those of the data's own record of provenance, counted without us."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from kernel.errors import DataRefused
from research.importing.candles import Market
from research.importing.importer import Imported, import_candles
from tests.research.candle_files import Row, expected_id
from venues.dataset import open_dataset

MINUTES = Market("binance", "BTC/USDT", "1m")


def imported(directory: Path, *files: Path, market: Market = MINUTES) -> Imported:
    return import_candles(directory, files, market)


def test_a_year_of_minutes(shared_data, tmp_path):
    source = shared_data / "candles" / "binance-spot-BTCUSDT-1m-2022.parquet"
    manifest = imported(tmp_path, source).manifest
    assert (manifest.rows, manifest.gaps, manifest.missing, manifest.duplicates) == (525_600, 0, 0, 0)
    assert (manifest.first, manifest.last) == ("2022-01-01T00:00:00Z", "2022-12-31T23:59:00Z")
    assert manifest.price_decimals == 2  # the file declares 3
    dataset = open_dataset(tmp_path, manifest.dataset)
    dataset.verify()
    texts = pyarrow.parquet.read_table(source)["close"].cast("string").to_pylist()
    closes = np.concatenate([block.close for block in dataset.blocks()]).tolist()
    assert [close / 100 for close in closes] == [float(text) for text in texts]


def test_the_halt_of_march_2023(shared_data, tmp_path):
    files = sorted((shared_data / "raw" / "binance-vision").glob("BTCUSDT-1m-2023-03-2?.zip"), reverse=True)
    manifest = imported(tmp_path, *files).manifest
    assert (manifest.rows, manifest.gaps, manifest.missing) == (4_240, 1, 80)
    assert manifest.longest_gap.after == "2023-03-24T12:39:00Z"
    assert (manifest.zero_volume, manifest.flat_stretches, manifest.longest_flat) == (72, 1, 72)
    assert manifest.last_candle == "finished"


def test_milliseconds_and_microseconds_join_at_new_year(shared_data, tmp_path):
    folder = shared_data / "raw" / "binance-vision"
    files = [folder / "BTCUSDT-1m-2025-01-01.csv.gz", folder / "BTCUSDT-1m-2024-12-31.csv.gz"]
    manifest = imported(tmp_path, *files).manifest
    assert (manifest.rows, manifest.gaps) == (2_880, 0)
    lines = [
        line.split(",") for path in reversed(files) for line in gzip.decompress(path.read_bytes()).decode().split()
    ]
    rows = [Row(int(fields[0][:13]), *fields[1:6]) for fields in lines]
    assert manifest.dataset == expected_id(rows)


def test_the_vendor_file_and_the_parquet_copy_of_a_day_have_one_id(shared_data, tmp_path):
    raw = shared_data / "raw" / "binance-vision" / "BTCUSDT-1m-2020-03-12.csv.gz"
    year = pyarrow.parquet.read_table(shared_data / "candles" / "binance-spot-BTCUSDT-1m-2020.parquet")
    first = int(np.searchsorted(year["open_time"].to_numpy(), 1_583_971_200_000))
    pyarrow.parquet.write_table(year.slice(first, 1_440), tmp_path / "day.parquet")
    from_raw, from_copy = (imported(tmp_path / "home", path) for path in (raw, tmp_path / "day.parquet"))
    assert from_raw.manifest.dataset == from_copy.manifest.dataset
    assert (from_raw.is_new, from_copy.is_new) == (True, False)


def test_a_thin_market_with_iso_times(shared_data, tmp_path):
    source = shared_data / "candles" / "binanceus-spot-BTCUSDC-1m-20230301_20230321.csv.gz"
    manifest = imported(tmp_path, source, market=Market("binanceus", "BTC/USDC", "1m")).manifest
    assert (manifest.rows, manifest.gaps, manifest.zero_volume) == (30_240, 0, 12_971)
    with pytest.raises(DataRefused, match="says BTC/USDC"):
        imported(tmp_path, source)


@pytest.mark.parametrize(("asset", "rows", "gaps"), [("BTC", 52_462, 27), ("ETH", 52_462, 27), ("SOL", 29_686, 10)])
def test_hours(shared_data, tmp_path, asset, rows, gaps):
    source = shared_data / "candles" / f"binance-spot-{asset}USDT-1h-to2023.csv.gz"
    manifest = imported(tmp_path, source, market=Market("binance", f"{asset}/USDT", "1h")).manifest
    assert (manifest.rows, manifest.gaps) == (rows, gaps)
    with pytest.raises(DataRefused, match="1h apart"):
        imported(tmp_path, source, market=Market("binance", f"{asset}/USDT", "1m"))


def test_minutes_and_hours_of_the_halt_day_are_not_mixed(shared_data, tmp_path):
    folder = shared_data / "raw" / "binance-vision"
    with pytest.raises(DataRefused, match=r"BTCUSDT-1h-2023-03-24\.zip, row 2"):
        imported(tmp_path, folder / "BTCUSDT-1m-2023-03-24.zip", folder / "BTCUSDT-1h-2023-03-24.zip")


def test_whatever_else_lies_there_is_refused_and_never_a_crash(shared_data, tmp_path):
    others = [
        path
        for folder in ("raw/cryptofeed", "raw/nautilus", "trades", "book")
        for path in (shared_data / folder).iterdir()
    ]
    assert len(others) > 10
    for path in others:
        with pytest.raises(DataRefused, match=path.name):
            imported(tmp_path, path)
