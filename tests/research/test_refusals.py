"""Every fault is refused with the file, the row and the reason, and leaves nothing behind."""

import contextlib
import gzip
import json
import os
import random
import time
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from kernel.errors import DataRefused, NotFound, UsageError
from research.importing.candles import Market
from research.importing.importer import Imported, import_candles
from research.importing.pieces import piece_of
from research.importing.source import read_source
from tests.research.candle_files import (
    MINUTE_MS,
    START_MS,
    WRITERS,
    csv_lines,
    some_rows,
    text,
    vendor_lines,
    write_csv,
    write_feather,
    write_json,
    write_kraken,
    write_parquet_decimal,
    write_vendor_gz,
    write_vendor_ms,
    write_vendor_zip,
)

MARKET = Market("binance", "BTC/USDT", "1m")


def imported(directory: Path, *files: Path, market: Market = MARKET, format_name: str | None = None) -> Imported:
    return import_candles(directory / "home", files, market, format_name=format_name)


def refusal(directory: Path, *files: Path, market: Market = MARKET, format_name: str | None = None) -> str:
    """The refusal's text, after checking its exit code and that nothing was imported."""
    with pytest.raises(DataRefused) as caught:
        imported(directory, *files, market=market, format_name=format_name)
    assert caught.value.exit_code == 2
    assert not (directory / "home").exists()
    return str(caught.value)


def file_of(directory: Path, content: bytes, name: str = "rows.csv") -> Path:
    path = directory / name
    path.write_bytes(content)
    return path


BROKEN_ROWS = {
    "too few columns": ("{ms},1,2,1,1", "5 columns instead of 6"),
    "too many columns": ("{ms},1,2,1,1,1,1", "7 columns instead of 6"),
    "blank line": ("", "timestamp is empty"),
    "high below low": ("{ms},2,1,3,2,1", "high 1, low 3: high is below low"),
    "open above high": ("{ms},5,2,1,2,1", "open 5, low 1, high 2: open is outside low to high"),
    "open below low": ("{ms},0.5,2,1,2,1", "open is outside low to high"),
    "close outside": ("{ms},2,2,1,2.01,1", "close 2.01, low 1, high 2: close is outside"),
    "nan": ("{ms},1,NaN,1,1,1", "high is 'NaN', not a finite number"),
    "inf": ("{ms},1,1,1,1,inf", "volume is 'inf', not a finite number"),
    "empty": ("{ms},1,1,,1,1", "low is empty"),
    "word": ("{ms},one,1,1,1,1", "open is 'one', not a finite number"),
    "comma for point": ('{ms},"1,5",1,1,1,1', "open is '1,5', not a finite number"),
    "underscore": ("{ms},1_0,1,1,1,1", "open is '1_0'"),
    "zero price": ("{ms},1,1,0,1,1", "low 0: must be above zero"),
    "negative price": ("{ms},-1,1,1,1,1", "open -1: must be above zero"),
    "negative volume": ("{ms},1,1,1,1,-0.5", "volume -0.5: must not be negative"),
    "too many digits": ("{ms},1,1,1,1," + "1" * 30 + "." + "1" * 30, "takes more than 38 digits"),
    "monstrous exponent": ("{ms},1,1,1,1,1e900", "takes more than 38 digits"),
    "out of order": (
        f"{START_MS},1,1,1,1,1",
        "out of order: opens at 2022-01-01T00:00:00Z, after 2022-01-01T00:03:00Z",
    ),
    "off the grid": ("{late},1,1,1,1,1", "opens at 2022-01-01T00:04:01Z, where no 1m candle does"),
    "another unit of time": ("{us},1,1,1,1,1", "no time since 2009 in milliseconds"),
    "time before 2009": ("1000000000000,1,1,1,1,1", "no time since 2009 in milliseconds"),
    "time in the future": ("3900000000000,1,1,1,1,1", "in the future"),
    "no time": ("soon,1,1,1,1,1", "timestamp is 'soon', not a finite number"),
    "empty time": (",1,1,1,1,1", "timestamp is empty"),
}


@pytest.mark.parametrize(("line", "reason"), BROKEN_ROWS.values(), ids=BROKEN_ROWS)
def test_the_broken_row_is_named(tmp_path, line, reason):
    ms = START_MS + 4 * MINUTE_MS
    lines = csv_lines(some_rows(8))
    lines[5] = line.format(ms=ms, late=ms + 1_000, us=ms * 1_000)
    path = file_of(tmp_path, text(lines))
    message = refusal(tmp_path, path)
    assert message.startswith(f"{path}, row 5 (line 6): ")
    assert reason in message


@pytest.mark.parametrize("last", [True, False])
def test_rows_of_a_file_without_a_header_are_lines(tmp_path, last):
    lines = vendor_lines(some_rows(8))
    row = 7 if last else 2
    lines[row] = lines[row].replace(",", ";;", 1)
    message = refusal(tmp_path, file_of(tmp_path, text(lines)))
    assert message == f"{tmp_path / 'rows.csv'}, row {row + 1}: 11 columns instead of 12"


@pytest.mark.parametrize("writer", [write_json, write_parquet_decimal, write_feather])
def test_rows_of_other_formats_are_counted_from_one(tmp_path, writer):
    rows = some_rows(6)
    rows[3] = rows[3]._replace(high="1")
    path = writer(tmp_path / "rows", rows)
    assert refusal(tmp_path, path).startswith(f"{path}, row 4: high 1, low 102")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_a_float_column_may_not_hold_anything_but_finite_numbers(tmp_path, value):
    table = pa.table({"date": pa.array([START_MS], pa.timestamp("ms")), **{n: [1.0] for n in ("open", "high", "low")}})
    table = table.append_column("close", pa.array([1.0])).append_column("volume", pa.array([value], pa.float64()))
    pa.parquet.write_table(table, tmp_path / "rows.parquet")
    assert "row 1: volume is " in refusal(tmp_path, tmp_path / "rows.parquet")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"timestamp,open,high,low,close,volume\n", "a header and no candle"),
        (b"timestamp,open,high,low,close\n1640995200000,1,1,1,1\n", "no column for volume among 'timestamp', 'open'"),
        (b"timestamp,open,open,low,close,volume,high\n1,1,1,1,1,1,1\n", "two columns are named 'open'"),
        (b"1640995200000,1,1,1,1,1\n", "row 1: 6 columns and no header"),
        (b"timestamp,open,high,low,close,volume\n1,2\0,3,4,5,6\n", "line 2: binary data"),
        (b"timestamp,open,high,low,close,volume\n1,2\xff,3,4,5,6\n", "line 2: binary data"),
        (b"https://vendor.example\nunix,open,high,low,close,volume\n1,1,1,1,1,1\n", "line 1: 'https://vendor.example'"),
        (b"[]", "not a list of candles"),
        (b"[[1640995200000, 1, 1, 1, 1, 1], [1640995260000, 1, 1]]", "row 2: 3 columns instead of a list of 6"),
        (b"[[1640995200000, 1, 1, 1, 1, null]]", "row 1: volume is 'null', not a finite number"),
        (b"[[1640995200000, 1, 1, 1, 1, 1], [16409", "cut short or no JSON"),
        (b"{}", "not a list of candles"),
        (b"PAR1 and then nothing of the sort", "cut short or no Parquet file"),
        (b"ARROW1\0\0 and then nothing of the sort", "cut short or no Feather file"),
    ],
)
def test_a_file_that_holds_no_candles_is_refused(tmp_path, content, reason):
    path = file_of(tmp_path, content, "rows")
    message = refusal(tmp_path, path)
    assert message.startswith(str(path))
    assert reason in message


def test_numbers_that_no_common_unit_can_write_are_refused(tmp_path):
    rows = [row._replace(volume=volume) for row, volume in zip(some_rows(3), ("1e30", "1e-30", "1"), strict=True)]
    assert "lie too far apart" in refusal(tmp_path, write_csv(tmp_path / "rows", rows))
    one, other = (write_csv(tmp_path / name, [row]) for name, row in zip(("one", "other"), rows, strict=False))
    assert "lie too far apart" in refusal(tmp_path, one, other)


def test_random_bytes_are_refused_whatever_they_look_like(tmp_path):
    for seed in range(30):
        content = bytes((i * i * (seed + 3) + seed * 7) % 251 for i in range(500))
        refusal(tmp_path, file_of(tmp_path, content))


@pytest.mark.parametrize("writer", [write_vendor_gz, write_vendor_zip, write_parquet_decimal, write_feather])
def test_a_file_cut_short_anywhere_is_refused(tmp_path, writer):
    path = writer(tmp_path / "rows", some_rows(200))
    whole = path.read_bytes()
    for size in range(1, len(whole), max(1, len(whole) // 25)):
        path.write_bytes(whole[:size])
        assert str(path) in refusal(tmp_path, path)


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_a_damaged_file_is_refused_or_harmless_and_never_a_crash(tmp_path, writer):
    path = writer(tmp_path / "rows", some_rows(40))
    whole, chance = path.read_bytes(), random.Random(1)
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] = chance.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(DataRefused):
            piece_of(read_source(path), MARKET, None, time.time_ns())


def test_a_flipped_byte_in_a_packed_file_never_passes(tmp_path):
    """gzip and zip carry a checksum of their content; only a header's own idle bytes may change unseen."""
    for writer in (write_vendor_gz, write_vendor_zip):
        path = writer(tmp_path / "rows", some_rows(50))
        whole = path.read_bytes()
        good = imported(tmp_path / writer.__name__, path).manifest.dataset
        for at in range(0, len(whole), 7):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
            try:
                assert imported(tmp_path / writer.__name__, path).manifest.dataset == good
            except DataRefused:
                continue


def test_a_zip_of_several_files_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "1")
        archive.writestr("b.csv", "1")
    assert "holds 2 files" in refusal(tmp_path, tmp_path / "two.zip")


def test_the_wrong_format_given_is_refused(tmp_path):
    path = write_kraken(tmp_path / "rows", some_rows(3))
    assert "row 1: 7 columns instead of 12" in refusal(tmp_path, path, format_name="binance")


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("ETHUSDT-1m-2022-01-01.csv", "BTC/USDT"),
        ("BTCUSDT-1m.csv", "BTC/USDC"),
        ("binance-spot-ETHUSDT-1m-2022.csv", "BTC/USDT"),
        ("ETH_USDT-1h.csv", "BTC/USDT"),
        ("eth_usdt-1h.csv", "BTC/USDT"),
        ("ethusdt.csv", "BTC/USDT"),
        ("XBTUSD_1.csv", "ETH/USD"),
        ("NEWCOINUSDT-1m.csv", "BTC/USDT"),
        ("ETHBTC-1m.csv", "ETH/USDT"),
        ("XETHZUSD.csv", "BTC/USD"),
    ],
)
def test_a_name_that_says_another_symbol_is_refused(tmp_path, name, symbol):
    path = file_of(tmp_path, text(csv_lines(some_rows(3))), name)
    message = refusal(tmp_path, path, market=Market("binance", symbol, "1m"))
    assert f"{path}: the name {name} says " in message
    assert symbol in message


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("rows.csv", "BTC/USDT"),
        ("historical_data_usd.csv", "BTC/USDT"),
        ("my-btc-minutes.csv", "BTC/USDT"),
        ("kraken_2022.csv", "BTC/USDT"),
        ("OHLCV_BTC.csv", "BTC/USDT"),
        ("RETRY_OF_COUNTRY.csv", "BTC/USDT"),
        ("BTCUSDT-1m-2022-01-01.csv", "BTC/USDT"),
        ("BTC_USDT_USDT-1h-futures.csv", "BTC/USDT:USDT"),
        ("XBTUSD_1.csv", "BTC/USD"),
        ("XXBTZUSD_1.csv", "BTC/USD"),
        ("XDGEUR_1.csv", "DOGE/EUR"),
        ("btcusdt.csv", "BTC/USDT"),
        ("1000SHIBUSDT-1m.csv", "1000SHIB/USDT"),
    ],
)
def test_a_name_that_says_the_symbol_or_none_is_fine(tmp_path, name, symbol):
    path = file_of(tmp_path, text(csv_lines(some_rows(3))), name)
    assert imported(tmp_path, path, market=Market("binance", symbol, "1m")).manifest.symbol == symbol


def test_a_symbol_column_is_checked(tmp_path):
    lines = [f"{line},{'symbol' if i == 0 else 'BTC/USDT'}" for i, line in enumerate(csv_lines(some_rows(4)))]
    assert imported(tmp_path / "good", file_of(tmp_path, text(lines))).manifest.rows == 4
    lines[3] = lines[3].replace("BTC/USDT", "ETHUSDT")
    message = refusal(tmp_path, file_of(tmp_path, text(lines)))
    assert "row 3 (line 4): the symbol is 'ETHUSDT', and the one given is BTC/USDT" in message


def test_a_zip_is_known_by_its_member_too(tmp_path):
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as archive:
        archive.writestr("ETHUSDT-1m-2022-01-01.csv", text(vendor_lines(some_rows(3))))
    assert "says ETH/USDT" in refusal(tmp_path, tmp_path / "download.zip")


def test_hourly_rows_are_no_minutes_and_minutes_no_hours(tmp_path):
    hours = write_csv(tmp_path / "hours", some_rows(5, step_ms=60 * MINUTE_MS))
    assert "the rows are 1h apart, in the whole file, and 1m was given" in refusal(tmp_path, hours)
    minutes = write_csv(tmp_path / "minutes", some_rows(5))
    message = refusal(tmp_path, minutes, market=Market("binance", "BTC/USDT", "1h"))
    assert "row 2 (line 3): opens at 2022-01-01T00:01:00Z, where no 1h candle does" in message


def test_a_single_vendor_row_tells_its_timeframe_by_its_close(tmp_path):
    row = some_rows(1)
    path = file_of(
        tmp_path, text([vendor_lines(row)[0].replace(str(START_MS + MINUTE_MS - 1), str(START_MS + 3_599_999))])
    )
    assert "row 1: opens at 2022-01-01T00:00:00Z and closes at 2022-01-01T00:59:59.999Z" in refusal(tmp_path, path)


def test_a_vendor_may_stretch_a_candle_over_an_outage(tmp_path):
    lines = vendor_lines(some_rows(9))
    lines[4] = lines[4].replace(str(START_MS + 5 * MINUTE_MS - 1), str(START_MS + 90 * MINUTE_MS - 1))
    assert imported(tmp_path, file_of(tmp_path, text(lines))).manifest.last_candle == "finished"


@pytest.mark.parametrize(("timeframe", "minutes"), [("3m", 3), ("8h", 480)])
def test_a_timeframe_that_the_next_longer_one_is_no_multiple_of(tmp_path, timeframe, minutes):
    rows = some_rows(12, step_ms=minutes * MINUTE_MS)
    made = imported(tmp_path, write_csv(tmp_path / "rows", rows), market=Market("binance", "BTC/USDT", timeframe))
    assert made.manifest.rows == 12


@pytest.mark.parametrize("step", [5, 60, 1440])
def test_mixed_timeframes_in_one_file_are_refused(tmp_path, step):
    minutes = some_rows(60)
    longer = some_rows(10, first_ms=START_MS + 86_400_000, step_ms=step * MINUTE_MS)
    message = refusal(tmp_path, write_csv(tmp_path / "rows", minutes + longer))
    assert "mixed timeframes" in message
    assert "row 62 (line 63)" in message


def test_mixed_timeframes_in_two_files_are_refused(tmp_path):
    minutes = write_csv(tmp_path / "minutes", some_rows(60))
    hours = write_csv(tmp_path / "hours", some_rows(10, first_ms=START_MS + 86_400_000, step_ms=60 * MINUTE_MS))
    assert str(hours) in refusal(tmp_path, minutes, hours)


def test_a_sparse_venue_is_not_taken_for_mixed_timeframes(tmp_path):
    """Kraken: trades in about half of the minutes, by a fixed pseudo-random rule."""
    rows = [row for i, row in enumerate(some_rows(5_000)) if (i * i * 31 + i * 17) % 1_009 < 480]
    path = write_kraken(tmp_path / "rows", rows)
    manifest = imported(tmp_path, path, market=Market("kraken", "BTC/USDT", "1m")).manifest
    assert manifest.rows == len(rows)
    assert manifest.missing == (rows[-1].ms - rows[0].ms) // MINUTE_MS + 1 - len(rows)


@pytest.mark.parametrize(
    ("market", "reason"),
    [
        (Market("Binance", "BTC/USDT", "1m"), "no name for a venue"),
        (Market("binance", "BTCUSDT", "1m"), "not a symbol"),
        (Market("binance", "btc/usdt", "1m"), "not a symbol"),
        (Market("binance", "BTC/USDT", "7m"), "unknown timeframe"),
    ],
)
def test_a_market_that_cannot_be_is_refused(tmp_path, market, reason):
    with pytest.raises(UsageError, match=reason):
        imported(tmp_path, write_csv(tmp_path / "rows", some_rows(3)), market=market)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(NotFound, match=r"there is no file .*nowhere\.csv"):
        imported(tmp_path, tmp_path / "nowhere.csv")
    assert "cannot be read" in refusal(tmp_path, tmp_path)


def test_one_bad_file_among_good_ones_imports_nothing(tmp_path):
    good = write_vendor_ms(tmp_path / "good", some_rows(3))
    bad = file_of(tmp_path, gzip.compress(b"junk"), "bad.csv.gz")
    assert "bad.csv.gz" in refusal(tmp_path, good, bad)


def test_json_numbers_keep_digits_that_a_float_would_lose(tmp_path):
    row = [START_MS, 1, 1, 1, 1]
    content = json.dumps([row])[:-2] + ", 0.12345678901234567890]]"
    manifest = imported(tmp_path, file_of(tmp_path, content.encode(), "rows.json")).manifest
    assert manifest.volume_decimals == 19
    assert os.access(tmp_path / "home" / "datasets" / manifest.dataset, os.R_OK)
