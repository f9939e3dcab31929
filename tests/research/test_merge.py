"""Pieces in any order become one dataset; contradictions are shown, duplicates counted, unfinished candles told."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import DataRefused
from research.importing.candles import Market
from research.importing.importer import import_candles
from tests.research.candle_files import (
    MINUTE_MS,
    START_MS,
    Row,
    expected_id,
    some_rows,
    text,
    vendor_lines,
    write_csv,
    write_json,
    write_kraken,
    write_vendor_ms,
    write_vendor_us,
)

MARKET = Market("binance", "BTC/USDT", "1m")


@given(
    seed=st.integers(0, 10**6), cuts=st.lists(st.tuples(st.integers(0, 80), st.integers(3, 40)), min_size=1, max_size=6)
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_overlapping_pieces_in_any_order_are_their_union(tmp_path_factory, seed, cuts):
    directory = tmp_path_factory.mktemp("merge")
    rows = some_rows(120)
    pieces = [rows[start : start + length] for start, length in cuts]
    files = [write_vendor_ms(directory / f"{i}", piece) for i, piece in enumerate(pieces)]
    random.Random(seed).shuffle(files)
    union = sorted({row for piece in pieces for row in piece})
    imported = import_candles(directory / "home", files, MARKET)
    assert imported.manifest.dataset == expected_id(union)
    assert imported.duplicates == sum(len(piece) for piece in pieces) - len(union)
    assert sum(source.rows for source in imported.manifest.sources) == len(union) + imported.duplicates


def test_pieces_of_different_formats_and_decimals_are_merged(tmp_path):
    rows = some_rows(30)
    files = [
        write_vendor_us(tmp_path / "us", rows[15:30]),
        write_json(tmp_path / "json", rows[0:10]),
        write_csv(
            tmp_path / "csv",
            [Row(r.ms, *(f"{number}000" if "." in number else number for number in r[1:])) for r in rows[8:20]],
        ),
    ]
    imported = import_candles(tmp_path / "home", files, MARKET)
    assert imported.manifest.dataset == expected_id(rows)
    assert imported.duplicates == 7
    assert {source.format for source in imported.manifest.sources} == {"binance", "json", "csv"}


def test_rows_that_contradict_are_both_shown(tmp_path):
    rows = some_rows(10)
    changed = [*rows[:4], rows[4]._replace(close="105.26"), *rows[5:]]
    one, other = write_csv(tmp_path / "one", rows), write_vendor_ms(tmp_path / "other", changed)
    with pytest.raises(DataRefused) as caught:
        import_candles(tmp_path / "home", [one, other], MARKET)
    message = str(caught.value)
    assert "two rows for 2022-01-01T00:04:00Z differ" in message
    assert f"{one}, row 5 (line 6): 104.1,106.5,103,105.25,4.125" in message
    assert f"{other}, row 5: 104.1,106.5,103,105.26,4.125" in message
    assert not (tmp_path / "home").exists()


def test_a_repeated_row_in_one_file_is_counted_and_a_changed_one_refused(tmp_path):
    rows = some_rows(6)
    path = write_kraken(tmp_path / "rows", [*rows[:3], rows[2], *rows[3:]])
    imported = import_candles(tmp_path / "home", [path], MARKET)
    assert (imported.manifest.rows, imported.duplicates) == (6, 1)
    write_kraken(tmp_path / "rows", [*rows[:3], rows[2]._replace(volume="9"), *rows[3:]])
    with pytest.raises(DataRefused, match="row 3: .*\n.*row 4: "):
        import_candles(tmp_path / "home", [path], MARKET)


def test_further_columns_that_contradict_are_refused(tmp_path):
    rows = some_rows(4)
    one = write_vendor_ms(tmp_path / "one", rows)
    other = tmp_path / "other.csv"
    other.write_bytes(text([line.replace(",1.5,3,", ",1.5,4,") for line in vendor_lines(rows)]))
    with pytest.raises(DataRefused, match="two rows for"):
        import_candles(tmp_path / "home", [one, other], MARKET)


def test_holes_halts_and_silence_are_counted(tmp_path):
    rows = some_rows(100)
    flat = [Row(row.ms, "50", "50", "50", "50.0", "0") for row in rows[20:35]]
    kept = [*rows[:10], *rows[12:20], *flat, *rows[35:60], *rows[90:]]
    manifest = import_candles(tmp_path / "home", [write_csv(tmp_path / "rows", kept)], MARKET).manifest
    assert (manifest.gaps, manifest.missing) == (2, 32)
    assert (manifest.longest_gap.after, manifest.longest_gap.missing) == ("2022-01-01T00:59:00Z", 30)
    assert (manifest.zero_volume, manifest.flat_stretches, manifest.longest_flat) == (15, 1, 15)


def test_an_unfinished_last_candle_is_known_by_its_close_time(tmp_path):
    rows = some_rows(5)
    full = import_candles(tmp_path / "home", [write_vendor_ms(tmp_path / "full", rows)], MARKET)
    assert (full.manifest.last_candle, full.notes) == ("finished", ())
    lines = vendor_lines(rows[:4])
    lines[3] = lines[3].replace(str(START_MS + 4 * MINUTE_MS - 1), str(START_MS + 3 * MINUTE_MS + 20_000))
    path = tmp_path / "cut.csv"
    path.write_bytes(text(lines))
    cut = import_candles(tmp_path / "home", [path], MARKET)
    assert cut.manifest.last_candle == "unfinished"
    assert "the last candle, 2022-01-01T00:03:00Z, is unfinished" in cut.notes[-1]


def test_without_a_close_time_nobody_can_tell(tmp_path):
    imported = import_candles(tmp_path / "home", [write_csv(tmp_path / "rows", some_rows(3))], MARKET)
    assert imported.manifest.last_candle == "unknown"
    assert "2022-01-01T00:02:00Z, may be unfinished" in imported.notes[-1]
