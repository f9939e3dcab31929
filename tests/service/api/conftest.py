"""One served daemon for each file of tests, and what it logs."""

import pytest
import structlog

from tests.service.api.serving import serving


@pytest.fixture
def logged():
    """What is logged while the test runs, and nothing of it on stdout."""
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
def served(tmp_path, logged):
    with serving(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """For tests that leave nothing behind, or do not mind what others left."""
    with structlog.testing.capture_logs(), serving(tmp_path_factory.mktemp("api")) as running:
        yield running
