"""The same candles have the same id, whatever format they come in, and every float of a price is float(text)."""

import tempfile
import time
from decimal import Context, Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.importing.candles import Candles, Market
from research.importing.importer import import_candles
from research.importing.merge import merged_candles
from research.importing.pieces import piece_of
from research.importing.source import read_source
from tests.campaign import sample
from tests.research.candle_files import (
    START_MS,
    WRITERS,
    Row,
    expected_id,
    some_rows,
    write_csv,
    write_feather,
    write_json,
)
from venues.dataset import dataset_id

MARKET = Market("binance", "BTC/USDT", "1m")


def candles_in(path: Path) -> Candles:
    return merged_candles([piece_of(read_source(path), MARKET, None, time.time_ns())])[0]


def id_of(candles: Candles) -> str:
    decimals = {"price_decimals": candles.price_decimals, "volume_decimals": candles.volume_decimals}
    return dataset_id([candles.rows], **MARKET._asdict(), **decimals)


@st.composite
def numbers(draw: st.DrawFn, least: int = 0) -> str:
    """A positive decimal of at most 15 digits, which a float can carry too, in one of the ways that files write it."""
    number = Decimal(draw(st.integers(least, 10**11))).scaleb(-draw(st.integers(0, 9)))
    return draw(
        st.sampled_from([str(number), f"{number:f}", f"{number:f}" + ("00" if "." in f"{number:f}" else ".00")])
    )


@st.composite
def markets(draw: st.DrawFn) -> list[Row]:
    steps = [1, *draw(st.lists(st.sampled_from([1, 2, 7, 11]), max_size=10))]
    times = [START_MS + 60_000 * sum(steps[:n]) for n in range(len(steps) + 1)]
    rows = []
    for ms in times:
        low, one, other, high = sorted((draw(numbers(least=1)) for _ in range(4)), key=Decimal)
        open_, close = draw(st.permutations([one, other]))
        rows.append(Row(ms, open_, high, low, close, draw(numbers())))
    return rows


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_one_id_for_every_format(tmp_path, writer):
    rows = some_rows(50)
    path = writer(tmp_path / "rows", rows)
    assert import_candles(tmp_path / "home", [path], MARKET).manifest.dataset == expected_id(rows)


@given(rows=markets())
@settings(max_examples=sample(15), deadline=None)
def test_random_rows_have_the_id_that_the_documented_text_says_in_every_format(rows):
    with tempfile.TemporaryDirectory() as directory:
        for name, writer in WRITERS.items():
            assert id_of(candles_in(writer(Path(directory) / "rows", rows))) == expected_id(rows), name


@given(rows=markets())
@settings(max_examples=sample(15), deadline=None)
def test_the_float_of_a_price_is_the_float_of_its_text(rows):
    with tempfile.TemporaryDirectory() as directory:
        candles = candles_in(write_csv(Path(directory) / "rows", rows))
    for column, decimals in (
        ("open", candles.price_decimals),
        ("low", candles.price_decimals),
        ("volume", candles.volume_decimals),
    ):
        units = getattr(candles.rows, column).tolist()
        assert [unit / 10**decimals for unit in units] == [float(getattr(row, column)) for row in rows]


@given(volumes=st.lists(st.floats(1e-12, 1e9), min_size=3, max_size=20))
@settings(max_examples=sample(25), deadline=None)
def test_a_float_column_means_the_shortest_text_of_each_float(volumes):
    rows = [row._replace(volume=repr(volume)) for row, volume in zip(some_rows(len(volumes)), volumes, strict=True)]
    with tempfile.TemporaryDirectory() as directory:
        for writer in (write_feather, write_json, write_csv):
            candles = candles_in(writer(Path(directory) / "rows", rows))
            assert id_of(candles) == expected_id(rows)
            assert [unit / 10**candles.volume_decimals for unit in candles.rows.volume.tolist()] == volumes


def test_volumes_wider_than_int64_survive_storage(tmp_path):
    """Resampled data carries float noise: 20 decimals beside hundreds of thousands."""
    rows = [row._replace(volume="123456.78901234567890123456") for row in some_rows(3)]
    imported = import_candles(tmp_path, [write_csv(tmp_path / "rows", rows)], MARKET)
    assert imported.manifest.dataset == expected_id(rows)
    assert imported.manifest.volume_decimals == 20


def test_exponents_are_read_exactly(tmp_path):
    rows = [row._replace(volume=v) for row, v in zip(some_rows(4), ("1e-7", "1E+3", "2.5e0", "0E-20"), strict=True)]
    candles = candles_in(write_csv(tmp_path / "rows", rows))
    assert (candles.rows.volume.tolist(), candles.volume_decimals) == ([1, 10_000_000_000, 25_000_000, 0], 7)


def test_an_ambient_decimal_context_that_others_changed_changes_nothing(tmp_path):
    rows = [row._replace(volume=v) for row, v in zip(some_rows(3), ("1.23456789E-3", "123456.789", "7"), strict=True)]
    path = write_csv(tmp_path / "rows", rows)
    whole = expected_id(rows)
    with localcontext(Context(prec=2, capitals=0)):
        assert id_of(candles_in(path)) == whole


def test_further_columns_are_attached_and_not_in_the_id(tmp_path):
    rows = some_rows(5)
    rich, poor = WRITERS["vendor_ms"](tmp_path / "rich", rows), WRITERS["csv"](tmp_path / "poor", rows)
    first = import_candles(tmp_path / "a", [rich], MARKET).manifest
    second = import_candles(tmp_path / "b", [poor], MARKET).manifest
    assert first.dataset == second.dataset
    assert len(first.attachments) == 1
    assert second.attachments == ()
    assert (tmp_path / "a" / "attachments" / first.attachments[0] / "columns.parquet").is_file()


def test_columns_that_are_no_numbers_are_left_out_and_named(tmp_path):
    path = WRITERS["csv_windows"](tmp_path / "rows", some_rows(3))
    assert import_candles(tmp_path / "home", [path], MARKET).manifest.left_out == ("note",)
