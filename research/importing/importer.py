"""An import from files to dataset: read, check, merge, survey, promote. The order of the calls is the whole story."""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from kernel.errors import UsageError
from kernel.timeframe import iso, timeframe_ns
from research.importing.attachments import attachments_of, promote_attachment
from research.importing.candles import Candles, Facts, LastCandle, Market
from research.importing.merge import merged_candles
from research.importing.pieces import Piece, piece_of
from research.importing.promote import promote_candles
from research.importing.source import read_source
from research.importing.symbols import split_symbol
from venues.dataset import DatasetManifest

__all__ = ["Imported", "import_candles"]

_MANY_HOLES = 0.01  # a share of all candles: an exchange's halts are far fewer
_VENUE = re.compile(r"[a-z0-9][a-z0-9_-]*")


class Imported(NamedTuple):
    """The dataset that an import led to, and what its user should know.

    `duplicates` counts this import's identical rows: when the dataset is not new, its manifest has those of the first.
    """

    manifest: DatasetManifest
    is_new: bool
    duplicates: int
    notes: tuple[str, ...]


def import_candles(
    data_dir: Path,
    files: Sequence[Path],
    market: Market,
    *,
    format_name: str | None = None,
    advance: Callable[[int], None] = lambda _bytes: None,
) -> Imported:
    """Make the candles of all files, in any order, one dataset. `advance` is told the bytes of each file that is done.

    Errors: DataRefused naming the file, the row and the reason, and then nothing was written; UsageError, NotFound.
    """
    _check_market(market)
    now_ns = time.time_ns()
    pieces = []
    for path in files:
        pieces.append(piece_of(read_source(path), market, format_name, now_ns))
        advance(path.stat().st_size)
    candles, duplicates = merged_candles(pieces)
    attachments = attachments_of(pieces, market)
    last_candle, notes = _closing(pieces, candles, market, now_ns)
    for attachment in attachments:
        promote_attachment(data_dir, attachment)
    facts = Facts(
        market=market,
        sources=tuple(sorted((piece.source for piece in pieces), key=lambda s: (s.file, s.sha256))),
        now_ns=now_ns,
        duplicates=duplicates,
        last_candle=last_candle,
        attachments=tuple(sorted(a.manifest.attachment for a in attachments)),
        left_out=tuple(sorted({name for piece in pieces for name in piece.left_out})),
    )
    manifest, is_new = promote_candles(data_dir, candles, facts)
    return Imported(manifest, is_new, duplicates, (*notes, *_further_notes(manifest, facts)))


def _check_market(market: Market) -> None:
    timeframe_ns(market.timeframe)
    split_symbol(market.symbol)
    if not _VENUE.fullmatch(market.venue):
        raise UsageError(f"{market.venue!r} is no name for a venue", fix="write it in small letters: --venue binance")


def _closing(
    pieces: Sequence[Piece], candles: Candles, market: Market, now_ns: int
) -> tuple[LastCandle, tuple[str, ...]]:
    """Whether the last candle had closed, and what to say about candles that had not."""
    last = int(candles.rows.open_time[-1])
    known = [piece for piece in pieces if piece.cut_short is not None]
    told = any(int(piece.candles.rows.open_time[-1]) == last for piece in known)
    cut_short = sorted({int(opened) for piece in known for opened in piece.candles.rows.open_time[piece.cut_short]})
    notes = []
    if cut_short:
        notes.append(f"candles that end early by their close time: {len(cut_short)}, the first at {iso(cut_short[0])}")
    if last in cut_short or last + timeframe_ns(market.timeframe) > now_ns:
        return "unfinished", (*notes, f"the last candle, {iso(last)}, is unfinished: it is kept as the file has it")
    if told:
        return "finished", tuple(notes)
    return "unknown", (*notes, f"no close times are given: the last candle, {iso(last)}, may be unfinished")


def _further_notes(manifest: DatasetManifest, facts: Facts) -> list[str]:
    notes = []
    if manifest.gaps > _MANY_HOLES * manifest.rows:
        what = f"{manifest.gaps:,} holes, {manifest.missing:,} candles are missing"
        notes.append(f"{what}: on a venue that prints no candle without a trade, as Kraken, that is no damage")
    unnamed = sorted(set(facts.attachments) - set(manifest.attachments))
    if unnamed:
        short = ", ".join(identity[:12] for identity in unnamed)
        notes.append(f"the further columns are kept as attachment {short}, which the older dataset does not name")
    return notes
