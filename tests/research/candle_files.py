"""The same candles written as every format, and the id they must have, computed here a second time and slowly."""

import gzip
import json
import zipfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

MINUTE_MS = 60_000
START_MS = 1_640_995_200_000  # 2022-01-01


class Row(NamedTuple):
    """Open time in ms; numbers as a vendor's text."""

    ms: int
    open: str
    high: str
    low: str
    close: str
    volume: str


def some_rows(count: int, *, first_ms: int = START_MS, step_ms: int = MINUTE_MS) -> list[Row]:
    """Plain candles of a rising market."""
    return [
        Row(first_ms + i * step_ms, f"{100 + i}.10", f"{102 + i}.50", f"{99 + i}", f"{101 + i}.25", f"{i}.125")
        for i in range(count)
    ]


def canonical(text: str) -> str:
    plain = format(Decimal(text), "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("-0", "") else plain


def expected_id(rows: Sequence[Row], *, venue: str = "binance", symbol: str = "BTC/USDT", timeframe: str = "1m") -> str:
    """From the text in docs/datasets.md, a row at a time."""
    header = f"candled dataset 1\nvenue {venue}\nsymbol {symbol}\ntimeframe {timeframe}\n"
    lines = [f"{row.ms * 1_000_000},{','.join(canonical(text) for text in row[1:])}\n" for row in rows]
    return sha256((header + "columns open_time,open,high,low,close,volume\n" + "".join(lines)).encode()).hexdigest()


def vendor_lines(rows: Sequence[Row], unit_per_ms: int = 1) -> list[str]:
    """The 12 columns, times in ms or (1000) us."""
    return [
        f"{r.ms * unit_per_ms},{r.open},{r.high},{r.low},{r.close},{r.volume},"
        f"{(r.ms + MINUTE_MS) * unit_per_ms - 1},1.5,3,0.5,0.75,0"
        for r in rows
    ]


def csv_lines(rows: Sequence[Row], header: str = "timestamp,open,high,low,close,volume") -> list[str]:
    return [header, *(",".join((str(r.ms), *r[1:])) for r in rows)]


def text(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def write_vendor_ms(path: Path, rows: Sequence[Row]) -> Path:
    return _write(path.with_suffix(".csv"), text(vendor_lines(rows)))


def write_vendor_us(path: Path, rows: Sequence[Row]) -> Path:
    return _write(path.with_suffix(".csv"), text(vendor_lines(rows, 1_000)))


def write_vendor_with_header(path: Path, rows: Sequence[Row]) -> Path:
    further = "close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
    header = f"open_time,open,high,low,close,volume,{further}"
    return _write(path.with_suffix(".csv"), text([header, *vendor_lines(rows)]))


def write_vendor_zip(path: Path, rows: Sequence[Row]) -> Path:
    path = path.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.csv", text(vendor_lines(rows)))
    return path


def write_vendor_gz(path: Path, rows: Sequence[Row]) -> Path:
    return _write(path.with_suffix(".csv.gz"), gzip.compress(text(vendor_lines(rows))))


def write_kraken(path: Path, rows: Sequence[Row]) -> Path:
    lines = [f"{r.ms // 1000},{r.open},{r.high},{r.low},{r.close},{r.volume},7" for r in rows]
    return _write(path.with_suffix(".csv"), text(lines))


def write_csv(path: Path, rows: Sequence[Row]) -> Path:
    return _write(path.with_suffix(".csv"), text(csv_lines(rows)))


def write_csv_windows(path: Path, rows: Sequence[Row]) -> Path:
    """As a spreadsheet saves it: byte order mark, semicolons, CRLF, quotes, other names, seconds as 1640995200.0."""
    lines = ['"Volume BTC";"Unix";"Open";"High";"Low";"Close";"note"']
    lines += [f'"{r.volume}";{r.ms // 1000}.0; {r.open} ;{r.high};{r.low};{r.close};hello' for r in rows]
    return _write(path.with_suffix(".csv"), b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n\r\n")


def write_csv_iso(path: Path, rows: Sequence[Row]) -> Path:
    times = pa.array([r.ms for r in rows], type=pa.timestamp("ms")).cast(pa.timestamp("s")).cast(pa.string())
    lines = [f"{time},{','.join(r[1:])}" for time, r in zip(times.to_pylist(), rows, strict=True)]
    return _write(path.with_suffix(".csv"), text(["Date,Open,High,Low,Close,Volume", *lines]))


def write_csv_iso_offset(path: Path, rows: Sequence[Row]) -> Path:
    times = (
        pa.array([r.ms + 7_200_000 for r in rows], type=pa.timestamp("ms")).cast(pa.timestamp("s")).cast(pa.string())
    )
    lines = [f"{time}+02:00,{','.join(r[1:])}" for time, r in zip(times.to_pylist(), rows, strict=True)]
    return _write(path.with_suffix(".csv"), text(["datetime,o,h,l,c,v", *lines]))


def write_parquet_decimal(path: Path, rows: Sequence[Row]) -> Path:
    names = ("open", "high", "low", "close", "volume")
    columns = {n: pa.array([Decimal(getattr(r, n)) for r in rows], type=pa.decimal128(38, 12)) for n in names}
    trades = pa.array([3] * len(rows), type=pa.int32())
    table = pa.table({"open_time": pa.array([r.ms for r in rows]), **columns, "number_of_trades": trades})
    pa.parquet.write_table(table, path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def float_table(rows: Sequence[Row], unit: str = "ms") -> pa.Table:
    times = pa.array([r.ms for r in rows], type=pa.timestamp("ms", "UTC")).cast(pa.timestamp(unit, "UTC"))
    names = ("open", "high", "low", "close", "volume")
    return pa.table({"date": times, **{n: pa.array([float(getattr(r, n)) for r in rows]) for n in names}})


def write_parquet_float(path: Path, rows: Sequence[Row]) -> Path:
    pa.parquet.write_table(float_table(rows, "ns"), path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def write_feather(path: Path, rows: Sequence[Row]) -> Path:
    pyarrow.feather.write_feather(float_table(rows), path.with_suffix(".feather"), compression="lz4")
    return path.with_suffix(".feather")


def write_json(path: Path, rows: Sequence[Row]) -> Path:
    listed = [[r.ms, *(float(number) for number in r[1:])] for r in rows]
    return _write(path.with_suffix(".json"), json.dumps(listed).encode())


def write_json_vendor(path: Path, rows: Sequence[Row]) -> Path:
    """Binance's own answer: 12 columns, decimals as strings."""
    listed = [[int(f) if i in {0, 6, 8} else f for i, f in enumerate(line.split(","))] for line in vendor_lines(rows)]
    return _write(path.with_suffix(".json"), json.dumps(listed).encode())


def write_json_gz(path: Path, rows: Sequence[Row]) -> Path:
    plain = write_json(path, rows)
    return _write(path.with_suffix(".json.gz"), gzip.compress(plain.read_bytes()))


WRITERS: dict[str, Callable[[Path, Sequence[Row]], Path]] = {
    name.removeprefix("write_"): function for name, function in list(globals().items()) if name.startswith("write_")
}


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
