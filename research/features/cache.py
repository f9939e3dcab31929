"""Columns that were computed once, on disk: `DATA_DIR/features/cache/<key>.npy`.

The key is the hash of all that decides the values. The last 32 bytes of a file are the sha256 of the key and of the
bytes before them; a file that does not agree with them is no column, and is computed again. Everything here may be
deleted at any time.
"""

import io
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np

from kernel.errors import UsageError
from research.features.sources import Column, Market
from service.code_hash import code_hash, package_hash
from service.durable import replace_durably

__all__ = ["Cache", "column_key", "columns_code"]

_DIGEST = 32  # bytes


class Cache:
    """The columns of a data directory. `note` is told of files that were damaged."""

    def __init__(self, data_dir: Path, note: Callable[[str], None]) -> None:
        self._folder = data_dir / "features" / "cache"
        self._note = note

    def load(self, key: str) -> Column | None:
        """The column of a key; None where there is none, or a damaged one.

        It is read, not mapped: who cut a mapped file would end this process.
        """
        path = self._folder / f"{key}.npy"
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        if _digest(key, memoryview(content)[:-_DIGEST]) != content[-_DIGEST:]:
            self._note(f"{path} is damaged: its column is computed again")
            return None
        column: Column = np.load(io.BytesIO(content), allow_pickle=False)
        return column

    def save(self, key: str, values: Column) -> None:
        """Keep a column. Errors: UsageError when it cannot be written."""
        path = self._folder / f"{key}.npy"
        npy = io.BytesIO()
        np.save(npy, values, allow_pickle=False)
        content = npy.getvalue()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_durably(path, content + _digest(key, content))
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}", fix="free some space") from error


def column_key(code: str, declaration: str, base: Market, others: Mapping[str, Market]) -> str:
    """A feature's key by the hashes of code and declaration, over a market; `others` are those it reads, by symbol."""
    markets = [(symbol, *_extent(market)) for symbol, market in sorted(others.items())]
    return sha256(msgspec.json.encode([code, declaration, _extent(base), markets])).hexdigest()


def columns_code() -> str:
    """The hash of all code that decides a column's values: the kinds, and what brings their inputs."""
    bars = {name: files("kernel.features").joinpath(name).read_bytes() for name in ("bars.py", "bar_columns.py")}
    packages = {name: package_hash(name).encode() for name in ("kernel.indicators", "research.features")}
    return code_hash({**bars, **packages})


def _extent(market: Market) -> tuple[str, int, int]:
    """Which candles of which dataset: a window of one is known by its beginning and length."""
    times = market.block.open_time
    return market.dataset, int(times[0]), len(times)


def _digest(key: str, content: bytes | memoryview) -> bytes:
    digest = sha256(key.encode())
    digest.update(content)
    return digest.digest()
