"""The last step of an import: checked candles become an immutable dataset, all of it or nothing.

Files are written into a hidden directory, flushed to disk, made read-only, and appear under their id by one rename.
Whoever holds the lock is the only one who promotes, so what a killed import left behind is removed by the next one.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from kernel.errors import UsageError
from kernel.timeframe import NS_PER_SECOND, iso, timeframe_ns
from research.importing.candles import Candles, Facts
from research.importing.survey import figures_of
from service.durable import flush
from venues.columns import Units, as_arrow
from venues.dataset import DatasetManifest, dataset_id, datasets_dir, open_dataset

__all__ = ["promote", "promote_candles", "write_table"]

ROW_GROUP = 65_536  # rows: about 3 MB of columns, so that a reader needs little memory
_UNFINISHED = ".importing"


def promote(home: Path, content_id: str, write: Callable[[Path], None]) -> bool:
    """Make `home/<content_id>` from what `write` puts into the directory that it is given.

    False when it was there already. Interrupted at any point, nothing is there under that name. Errors: UsageError when
    the disk is full or may not be written.
    """
    try:
        return _promote(home, content_id, write)
    except OSError as error:
        what = f"{home} cannot be written: {error.strerror}"
        raise UsageError(what, fix="make room or give another --data-dir; nothing was imported") from error


def write_table(path: Path, columns: dict[str, Units]) -> None:
    """Columns of integers as a Parquet file with checksums, in row groups of 65,536."""
    table = pa.table({name: as_arrow(units) for name, units in columns.items()})
    narrow = [field.name for field in table.schema if pa.types.is_int64(field.type)]
    pq.write_table(
        table,
        path,
        row_group_size=ROW_GROUP,
        compression="zstd",
        use_dictionary=False,
        column_encoding=dict.fromkeys(narrow, "DELTA_BINARY_PACKED"),  # half the size of plain, and as fast to read
        write_page_checksum=True,
    )


def promote_candles(data_dir: Path, candles: Candles, facts: Facts) -> tuple[DatasetManifest, bool]:
    """Make a dataset of checked candles, and say whether it is new. One that was there is verified, and kept as it is.

    Errors: CheckFailed when the one that was there is damaged.
    """
    manifest = _manifest(candles, facts)

    def write(directory: Path) -> None:
        write_table(directory / "candles.parquet", candles.rows._asdict())
        with (directory / "candles.parquet").open("rb") as file:
            complete = msgspec.structs.replace(manifest, candles_sha256=file_digest(file, "sha256").hexdigest())
        (directory / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(complete), indent=2))

    is_new = promote(datasets_dir(data_dir), manifest.dataset, write)
    there = open_dataset(data_dir, manifest.dataset)
    if not is_new:
        there.verify()
    return there.manifest, is_new


def _manifest(candles: Candles, facts: Facts) -> DatasetManifest:
    rows, market = candles.rows, facts.market
    content_id = dataset_id(
        [rows],
        venue=market.venue,
        symbol=market.symbol,
        timeframe=market.timeframe,
        price_decimals=candles.price_decimals,
        volume_decimals=candles.volume_decimals,
    )
    return DatasetManifest(
        dataset=content_id,
        candles_sha256="",  # known once the file is written
        venue=market.venue,
        symbol=market.symbol,
        timeframe=market.timeframe,
        price_decimals=candles.price_decimals,
        volume_decimals=candles.volume_decimals,
        **figures_of(rows, timeframe_ns(market.timeframe)),
        duplicates=facts.duplicates,
        last_candle=facts.last_candle,
        sources=facts.sources,
        attachments=facts.attachments,
        left_out=facts.left_out,
        imported_at=iso(facts.now_ns // NS_PER_SECOND * NS_PER_SECOND),
    )


def _promote(home: Path, content_id: str, write: Callable[[Path], None]) -> bool:
    home.mkdir(parents=True, exist_ok=True)
    with _only_one(home):
        if (home / content_id).exists():
            return False
        unfinished = home / _UNFINISHED
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        try:
            write(unfinished)
            for path in unfinished.iterdir():
                path.chmod(0o444)
                flush(path)
            flush(unfinished)
            unfinished.rename(home / content_id)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        flush(home)
    return True


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
