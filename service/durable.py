"""Files that survive a power cut: what is on disk when these return stays there.

Needs the standard library alone: the keeper of the embedded server starts from it.
"""

import os
from pathlib import Path

__all__ = ["flush", "replace_durably"]


def flush(path: Path) -> None:
    """Make a file's content, or the names in a directory, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_durably(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that, whenever the machine stops, either the old or the new content is there, whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    flush(path.parent)
