"""Fixtures and settings that the whole house shares."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.campaign import sample

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("house", deadline=None, max_examples=sample(100))  # a busy machine is no failure
settings.load_profile("house")

# What compiles every kind comes first, one file after another: in one process kinds share the code they stand on.
COMPILING = ("tests/kernel/features/test_plan.py", "tests/kernel/indicators/test_contract.py", "tests/research/certify")


def pytest_configure() -> None:
    """Whoever runs the tests in the background may have them ignore Ctrl-C, and what they start would too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(COMPILING))


@pytest.fixture(scope="session", autouse=True)
def _compiled_code_is_kept():
    """Between runs of the tests, for all processes: below .cache/candled, unless the environment names a folder."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME") or str(ROOT / ".cache"))
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real recorded market data, kept beside the checkout; a test that needs it is skipped where it is absent."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("no recorded market data beside the checkout (../shared/data)")
    return path
