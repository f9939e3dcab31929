"""Compiled code is kept between runs of the tests: below .cache/, unless the environment names a folder."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _compiled_code_is_kept():
    kept = Path(__file__).resolve().parents[2] / ".cache" / "candled"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CANDLED_CACHE_DIR", os.environ.get("CANDLED_CACHE_DIR") or str(kept))
        yield
