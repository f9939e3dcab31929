"""Canonical Storage, as readers see it: immutable candles under `<data_dir>/datasets/<id>/`, named by their content.

A dataset is two read-only files: `candles.parquet` (scaled integers, row groups of 65,536) and `manifest.json`. The id
covers venue, symbol, timeframe and the six base columns (venues/content_id.py); the rest of the manifest describes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, Literal

import msgspec

from kernel.errors import CheckFailed, DataRefused, NotFound, UsageError
from kernel.features.block import Block

__all__ = [
    "CandleBlock", "Dataset", "DatasetManifest", "Gap", "Source", "dataset_id", "datasets_dir", "list_manifests",
    "open_dataset",
]  # fmt: skip

COLUMNS = ("open_time", "open", "high", "low", "close", "volume")
_SHORTEST_PREFIX = 6
_ID = re.compile("[0-9a-f]{64}")


class Source(msgspec.Struct, frozen=True):
    """One imported file: its name, the sha256 of its bytes, the format it was read as, and its candles."""

    file: str
    sha256: str
    format: str
    rows: int


class Gap(msgspec.Struct, frozen=True):
    """Absent candles between two present ones: the open time before the hole, and how many are missing."""

    after: str
    missing: int


class DatasetManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a dataset holds. `first` and `last` are open times (ISO, UTC); `candles_sha256` is of the Parquet file.

    A price is in units of 10**-price_decimals, a volume in 10**-volume_decimals. `duplicates` counts the identical rows
    that were dropped; a flat stretch is consecutive candles without any change of price. `last_candle` says whether the
    last candle had closed when the vendor wrote it. Only venue, symbol, timeframe and the candles are in the id.
    """

    dataset: str
    candles_sha256: str
    venue: str
    symbol: str
    timeframe: str
    rows: int
    first: str
    last: str
    price_decimals: int
    volume_decimals: int
    gaps: int
    missing: int
    longest_gap: Gap | None
    duplicates: int
    zero_volume: int
    flat_stretches: int
    longest_flat: int
    last_candle: Literal["finished", "unfinished", "unknown"]
    sources: tuple[Source, ...]
    attachments: tuple[str, ...]
    left_out: tuple[str, ...]
    imported_at: str


CandleBlock = Block  # what the kernel computes over is what a dataset holds


def datasets_dir(data_dir: Path) -> Path:
    """Where the datasets live."""
    return data_dir / "datasets"


def dataset_id(
    blocks: Iterable[CandleBlock], *, venue: str, symbol: str, timeframe: str, price_decimals: int, volume_decimals: int
) -> str:
    """The id that these candles have. 525,600 rows take about half a second."""
    from venues.content_id import ContentHash

    content = ContentHash("dataset", venue=venue, symbol=symbol, timeframe=timeframe, columns=COLUMNS)
    decimals = (0, *[price_decimals] * 4, volume_decimals)
    for block in blocks:
        content.update(list(zip(block, decimals, strict=True)))
    return content.hexdigest()


@dataclass(frozen=True, slots=True)
class Dataset:
    """An opened dataset: its manifest, and its candles block by block."""

    manifest: DatasetManifest
    path: Path

    def blocks(self, *, first_ns: int | None = None, before_ns: int | None = None) -> Iterator[CandleBlock]:
        """The candles with first_ns <= open_time < before_ns, one block a row group, none of them empty.

        Errors: DataRefused where the file cannot be read or is not the one that the manifest describes.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        pa.set_memory_pool(pa.system_memory_pool())  # the default one keeps some 10 MB of what it was given
        path = self.path / "candles.parquet"
        try:
            self._check_bytes(path)
            with pq.ParquetFile(path) as file:
                self._check_shape(file.metadata.num_rows, file.schema_arrow.names)
                for group in range(file.num_row_groups):
                    if _overlaps(file.metadata.row_group(group), first_ns, before_ns):
                        block = _windowed(_block(file.read_row_group(group, use_threads=False)), first_ns, before_ns)
                        if len(block.open_time):
                            yield block
        except (pa.ArrowException, OSError) as error:
            raise DataRefused(f"{path} cannot be read: {error}", fix=_REPAIR) from error

    def verify(self) -> None:
        """Hash every candle again. Errors: CheckFailed naming what differs from the id or the manifest."""
        manifest = self.manifest
        try:
            found = dataset_id(
                self.blocks(),
                venue=manifest.venue,
                symbol=manifest.symbol,
                timeframe=manifest.timeframe,
                price_decimals=manifest.price_decimals,
                volume_decimals=manifest.volume_decimals,
            )
        except DataRefused as error:
            raise CheckFailed(f"dataset {manifest.dataset[:12]}: {error}", fix=_REPAIR) from error
        if found != manifest.dataset:
            what = f"dataset {manifest.dataset[:12]} is altered: its candles, venue, symbol and timeframe now hash to"
            raise CheckFailed(f"{what} {found[:12]}", fix=_REPAIR)

    def _check_bytes(self, path: Path) -> None:
        """Before the file is parsed (11 ms for a million candles): Arrow ends the process on some altered footers."""
        with path.open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != self.manifest.candles_sha256:
                raise DataRefused(f"{path} is altered: its bytes are not those that were imported", fix=_REPAIR)

    def _check_shape(self, rows: int, names: Sequence[str]) -> None:
        if tuple(names) != COLUMNS or rows != self.manifest.rows:
            what = f"{self.path / 'candles.parquet'} holds {rows} rows of {', '.join(names)}"
            raise DataRefused(f"{what}, its manifest says {self.manifest.rows} of {', '.join(COLUMNS)}", fix=_REPAIR)


_REPAIR = "remove the dataset's directory and import the files again"


def open_dataset(data_dir: Path, id_or_prefix: str) -> Dataset:
    """The dataset whose id begins with the text given, at least 6 characters of it.

    Errors: NotFound naming those that are there; UsageError when the prefix is too short or fits several; DataRefused
    when its manifest is damaged.
    """
    if len(id_or_prefix) < _SHORTEST_PREFIX:
        raise UsageError(f"{id_or_prefix!r} is too short for a dataset id", fix="give at least 6 of its characters")
    whole = datasets_dir(data_dir) / id_or_prefix
    if _ID.fullmatch(id_or_prefix) and whole.is_dir():
        return Dataset(_read_manifest(whole), whole)  # without a look at all the others
    found = [path for path in _dataset_paths(data_dir) if path.name.startswith(id_or_prefix.lower())]
    if not found:
        raise NotFound(f"no dataset {id_or_prefix} in {data_dir}", fix=_what_is_there(data_dir))
    if len(found) > 1:
        raise UsageError(f"{id_or_prefix} fits {len(found)} datasets", fix=f"one of {', '.join(p.name for p in found)}")
    return Dataset(_read_manifest(found[0]), found[0])


def list_manifests(data_dir: Path) -> list[DatasetManifest]:
    """All datasets, sorted by venue, symbol, timeframe and time. Errors: DataRefused for a damaged manifest."""
    manifests = [_read_manifest(path) for path in _dataset_paths(data_dir)]
    return sorted(manifests, key=lambda m: (m.venue, m.symbol, m.timeframe, m.first, m.dataset))


def _dataset_paths(data_dir: Path) -> list[Path]:
    """Finished datasets only: an import in progress has a name that begins with a dot."""
    return sorted(path for path in datasets_dir(data_dir).glob("[0-9a-f]*") if path.is_dir())


def _what_is_there(data_dir: Path) -> str:
    known = [f"{m.dataset[:12]} ({m.venue} {m.symbol} {m.timeframe})" for m in list_manifests(data_dir)]
    return f"use one of: {', '.join(known)}" if known else "import one: candled data import FILE... (see its --help)"


def _read_manifest(path: Path) -> DatasetManifest:
    try:
        manifest = msgspec.json.decode((path / "manifest.json").read_bytes(), type=DatasetManifest)
    except (OSError, msgspec.DecodeError) as error:
        raise DataRefused(f"{path / 'manifest.json'} cannot be read: {error}", fix=_REPAIR) from error
    if manifest.dataset != path.name:
        raise DataRefused(f"{path / 'manifest.json'} is the manifest of {manifest.dataset}", fix=_REPAIR)
    return manifest


def _block(table: Any) -> CandleBlock:
    from venues.columns import as_units

    columns = [table.column(name).combine_chunks() for name in COLUMNS]
    return CandleBlock(*(as_units(c) if c.type == "int64" else as_units(c).astype(object) for c in columns))


def _overlaps(row_group: Any, first_ns: int | None, before_ns: int | None) -> bool:
    times = row_group.column(0).statistics
    if times is None or not times.has_min_max:
        return True
    return (first_ns is None or times.max >= first_ns) and (before_ns is None or times.min < before_ns)


def _windowed(block: CandleBlock, first_ns: int | None, before_ns: int | None) -> CandleBlock:
    start = 0 if first_ns is None else int(block.open_time.searchsorted(first_ns))
    end = len(block.open_time) if before_ns is None else int(block.open_time.searchsorted(before_ns))
    return CandleBlock(*(column[start:end] for column in block))
