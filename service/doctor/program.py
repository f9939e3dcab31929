"""The program itself: its Python, and whether its packages are those of the lock that it was tested with."""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from service.doctor.finding import Finding, failed, fine, worth_knowing

__all__ = ["find_lock", "packages", "python"]

OLDEST: Final = (3, 11)
NEWEST: Final = (3, 13)
_PIN: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?P<marker>\s*;)?", re.MULTILINE)
_SHOWN: Final = 5


def python(running: tuple[int, int] = sys.version_info[:2]) -> Iterator[Finding]:
    """The interpreter: versions that the tests run on."""
    name = ".".join(map(str, running))
    if OLDEST <= running <= NEWEST:
        yield fine("python", f"{sys.version.split()[0]} in {sys.prefix}")
    else:
        yield failed("python", f"{name} is not among those that candled is tested with", "use Python 3.11 to 3.13")


def find_lock() -> Path | None:
    """The lock beside a checkout, or in the prefix of an image; None where there is neither."""
    beside = Path(__file__).resolve().parents[2] / "requirements" / "core.lock"
    return next((path for path in (beside, Path(sys.prefix) / "core.lock") if path.is_file()), None)


def packages(lock: Path | None, installed: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Whether what is installed is what the lock pins. A package whose pin has a condition may be absent."""
    if lock is None:
        yield worth_knowing(
            "packages", "there is no lock here to compare with", "install with the release's requirements/core.lock"
        )
        return
    here = _installed() if installed is None else {_plain(name): version for name, version in installed.items()}
    pinned: dict[str, set[str]] = {}
    needed: set[str] = set()
    for pin in _PIN.finditer(lock.read_text()):
        name = _plain(pin["name"])
        pinned.setdefault(name, set()).add(pin["version"])
        if pin["marker"] is None:
            needed.add(name)
    missing = sorted(needed - here.keys())
    others = sorted(name for name in pinned.keys() & here.keys() if here[name] not in pinned[name])
    mend = f"pip install --require-hashes --only-binary :all: -r {lock}"
    if missing:
        yield failed("packages", f"not installed: {_some(missing)}", mend)
    if others:
        told = _some([f"{name} {here[name]} (tested: {', '.join(sorted(pinned[name]))})" for name in others])
        yield worth_knowing("packages", told, mend)
    if not missing and not others:
        yield fine("packages", f"{len(pinned.keys() & here.keys())} as {lock.name} pins them")


def _installed() -> dict[str, str]:
    return {_plain(found.name): found.version for found in distributions() if found.name}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _some(words: list[str]) -> str:
    more = len(words) - _SHOWN
    return ", ".join(words[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
