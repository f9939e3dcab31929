"""Kinds with faults, to be found by their names as if they lay among the others."""

import sys
import tempfile
from hashlib import sha256
from importlib import invalidate_caches
from pathlib import Path

import pytest

from kernel import indicators
from kernel.indicators.registry import all_kinds, kind_named
from service.compiled import cache_dir

PLANTED = Path(__file__).parent / "planted"


@pytest.fixture(scope="module")
def planted():
    """Their compiled code is kept apart, in a folder named after them: the real one is named after the real kinds."""
    sources = sha256(b"".join(path.read_bytes() for path in sorted(PLANTED.glob("*.py")))).hexdigest()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indicators, "__path__", [*indicators.__path__, str(PLANTED)])
        patch.setenv("CANDLED_CACHE_DIR", f"{tempfile.gettempdir()}/candled-planted-{sources[:16]}")
        forget()
        yield
    forget()
    for name in [name for name in sys.modules if name.startswith("kernel.indicators.planted_")]:
        del sys.modules[name]


def forget():
    for cached in (kind_named, all_kinds, cache_dir):
        cached.cache_clear()
    invalidate_caches()
