"""A market data file as bytes: read whole, unpacked from gzip or zip, known by the sha256 of the file as it is."""

import gzip
import io
import struct
import zipfile
import zlib
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from kernel.errors import DataRefused, NotFound

__all__ = ["SourceFile", "read_source"]


class SourceFile(NamedTuple):
    """The unpacked content of a file. `names` are the file's own name and, from a zip, its member's."""

    path: Path
    names: tuple[str, ...]
    content: bytes
    sha256: str


def read_source(path: Path) -> SourceFile:
    """Read and unpack a file. Errors: NotFound; DataRefused for what is empty, cut short or damaged."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}") from None
    except OSError as error:
        raise DataRefused(f"{path} cannot be read: {error.strerror}", fix="give files, not directories") from error
    names: tuple[str, ...] = (path.name,)
    content = raw
    if raw.startswith(b"PK\x03\x04") or path.suffix == ".zip":
        member, content = _unzipped(path, raw)
        names = (path.name, member)
    elif raw.startswith(b"\x1f\x8b") or path.suffix == ".gz":
        content = _gunzipped(path, raw)
    if not content.strip():
        raise DataRefused(f"{path} is empty: it holds no candle", fix=_AGAIN)
    return SourceFile(path, names, content, sha256(raw).hexdigest())


_AGAIN = "download the file again"
# zipfile tells most damage by BadZipFile; the rest are what its parsing runs into (each seen with flipped bytes).
_DAMAGED_ZIP = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, LookupError)


def _gunzipped(path: Path, raw: bytes) -> bytes:
    try:
        return gzip.decompress(raw)
    except EOFError:
        raise DataRefused(f"{path} is cut short: its gzip stream does not end", fix=_AGAIN) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataRefused(f"{path} is not a sound gzip file: {error}", fix=_AGAIN) from error


def _unzipped(path: Path, raw: bytes) -> tuple[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX")]
            if len(members) != 1:
                what = f"{path} holds {len(members)} files, and an import reads one from each zip"
                raise DataRefused(what, fix="unzip it and give the files of this symbol")
            return Path(members[0].filename).name, archive.read(members[0])
    except _DAMAGED_ZIP as error:
        raise DataRefused(f"{path} is cut short or damaged: {error}", fix=_AGAIN) from error
    except (NotImplementedError, RuntimeError) as error:  # an unknown compression, a password
        raise DataRefused(f"{path} cannot be unzipped: {error}", fix="unzip it yourself and give the file") from error
