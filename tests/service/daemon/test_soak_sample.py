"""A sample of the soak (soak.py): a quarter of a minute of a daemon's life."""

import pytest

from service.embedded.client import join
from tests.service.daemon.place import Place
from tests.service.daemon.soak import CANDLES_PER_S, soak
from tests.service.made import MEAN_REVERSION, dataset, walk

LIFE_S = 13


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("soak")
    with join(data_dir):
        yield Place(data_dir, [dataset(data_dir, walk(LIFE_S * CANDLES_PER_S, 13))], MEAN_REVERSION)


def test_nothing_grows_with_what_a_daemon_has_seen(place):
    seen = soak(place, "soak", looks=20, every_s=0.5)
    early, late = seen[7:12], seen[-5:]
    assert late[-1].candles - early[0].candles > 500
    # A scrape, a connection or a commit under way comes and goes: what grows is the least of them.
    assert min(look.rss_bytes for look in late) - min(look.rss_bytes for look in early) < 6e6
    assert abs(min(look.files for look in late) - min(look.files for look in early)) <= 2
    assert abs(min(look.tasks for look in late) - min(look.tasks for look in early)) <= 2
