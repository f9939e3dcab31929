"""Fixtures and settings that the whole house shares."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None)  # a busy machine is no failure
settings.load_profile("house")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real recorded market data, kept beside the checkout; a test that needs it is skipped where it is absent."""
    path = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not path.is_dir():
        pytest.skip("no recorded market data beside the checkout (../shared/data)")
    return path
