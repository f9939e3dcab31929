"""A database of a test's own, whose schema it may spoil."""

import pytest

from service import loop


@pytest.fixture
def own_home(embedded_server):
    return loop.run(embedded_server.make_home())
