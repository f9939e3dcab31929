"""What a vendor tells beyond the six base columns: kept beside the dataset, under an id of its own.

An attachment holds rows of the same market by open time, and whatever further columns its files had in common. It is
no part of the dataset's id, so that the same candles from a poorer source are the same dataset.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from kernel.errors import CheckFailed
from kernel.timeframe import iso
from research.importing.candles import Market, Numbers, in_unit
from research.importing.merge import Rows, merged_rows
from research.importing.pieces import Piece
from research.importing.promote import promote, write_table
from venues.columns import Units, as_units, smallest_decimals
from venues.content_id import ContentHash

__all__ = ["Attachment", "AttachmentManifest", "attachments_of", "promote_attachment", "verify_attachment"]


class AttachmentManifest(msgspec.Struct, frozen=True):
    """`decimals` maps each column to its unit's exponent: value = stored integer / 10**decimals. Times are ns, UTC."""

    attachment: str
    venue: str
    symbol: str
    timeframe: str
    rows: int
    first: str
    last: str
    decimals: dict[str, int]


class Attachment(msgspec.Struct, frozen=True):
    """A manifest and its columns of scaled integers, `open_time` first."""

    manifest: AttachmentManifest
    columns: dict[str, Units]


def attachments_of(pieces: Sequence[Piece], market: Market) -> list[Attachment]:
    """One attachment for each set of further columns among the files. Errors: DataRefused for rows that contradict."""
    groups: dict[tuple[str, ...], list[Rows]] = {}
    for piece in pieces:
        if piece.further:
            names = tuple(sorted(piece.further))
            columns = tuple(piece.further[name] for name in names)
            groups.setdefault(names, []).append(Rows(piece.origin, piece.candles.rows.open_time, columns))
    return [_attachment(names, parts, market) for names, parts in groups.items()]


def promote_attachment(data_dir: Path, attachment: Attachment) -> None:
    """Make it `<data_dir>/attachments/<id>/`, unless it is there."""

    def write(directory: Path) -> None:
        write_table(directory / "columns.parquet", attachment.columns)
        manifest = msgspec.json.format(msgspec.json.encode(attachment.manifest), indent=2)
        (directory / "manifest.json").write_bytes(manifest)

    promote(data_dir / "attachments", attachment.manifest.attachment, write)


def verify_attachment(data_dir: Path, identity: str) -> None:
    """Hash an attachment again. Errors: CheckFailed naming what differs, or that it cannot be read."""
    directory = data_dir / "attachments" / identity
    try:
        manifest = msgspec.json.decode((directory / "manifest.json").read_bytes(), type=AttachmentManifest)
        with pq.ParquetFile(directory / "columns.parquet", page_checksum_verification=True) as file:
            table = file.read()
        columns = [(as_units(table.column(name).combine_chunks()), d) for name, d in manifest.decimals.items()]
    except (OSError, KeyError, UnicodeDecodeError, msgspec.DecodeError, pa.ArrowException) as error:
        raise CheckFailed(f"attachment {identity[:12]} cannot be read: {error}") from error
    market = {"venue": manifest.venue, "symbol": manifest.symbol, "timeframe": manifest.timeframe}
    content = ContentHash("attachment", **market, columns=manifest.decimals)
    content.update(columns)
    if content.hexdigest() != identity:
        raise CheckFailed(f"attachment {identity[:12]} is altered: it now hashes to {content.hexdigest()[:12]}")


def _attachment(names: tuple[str, ...], parts: Sequence[Rows], market: Market) -> Attachment:
    times, numbers, _ = merged_rows(parts)
    columns = {"open_time": Numbers(times, 0)}
    for name, column in zip(names, numbers, strict=True):
        decimals = smallest_decimals(*column)
        columns[name] = Numbers(in_unit(column, decimals), decimals)
    content = ContentHash("attachment", **market._asdict(), columns=columns)
    content.update(list(columns.values()))
    manifest = AttachmentManifest(
        attachment=content.hexdigest(),
        **market._asdict(),
        rows=len(times),
        first=iso(int(times[0])),
        last=iso(int(times[-1])),
        decimals={name: column.decimals for name, column in columns.items()},
    )
    return Attachment(manifest, {name: column.units for name, column in columns.items()})
