"""The database goes away and comes back: nothing is turned meanwhile, the daemon says so, and the log is the same."""

import signal
import time

import pytest

from service import loop
from tests.service.daemon.afar import database_afar
from tests.service.daemon.place import Place
from tests.service.made import MEAN_REVERSION, dataset, walk

PACE = "24000"  # four hundred candles a second


@pytest.fixture(scope="module")
def afar(embedded_server):
    with database_afar(loop.run(embedded_server.make_home())) as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory, afar):
    data_dir = tmp_path_factory.mktemp("outage")
    return Place(data_dir, [dataset(data_dir, walk(3_000, 7))], MEAN_REVERSION, database_url=afar.url)


@pytest.fixture
def stream(place, afar):
    yield place.new_stream()
    afar.link.down, afar.link.commit_s, afar.link.cut = False, 0.0, ""


def test_it_waits_and_tells_while_the_database_is_away_and_goes_on_when_it_is_back(place, afar, stream):
    with place.living(stream, "--exit-at-end", speed=PACE) as living:
        living.until(lambda status: status.ready and status.head.seq > 200)
        with afar.away():
            away = living.until(lambda status: "database" in status.problems, within_s=5.0)
            assert not away.ready
            first = living.status()
            rss, began, answers = living.rss_bytes(), time.monotonic(), 0
            while time.monotonic() - began < 3:
                status = living.status()
                assert status.head == first.head
                answers += 1
                time.sleep(0.05)
            assert answers > 15
            assert living.status().market_messages == status.market_messages  # it stands
            assert living.rss_bytes() - rss < 16e6
            assert living.metrics()['candled_problem{part="database"}'] == 1
        ended = living.ended()
    place.check(stream, ended)


def test_what_is_cut_around_a_commit_is_there_once(place, afar, stream):
    with place.living(stream, "--exit-at-end", speed=PACE) as living:
        living.until(lambda status: status.ready and status.head.seq > 50)
        for number in range(6):
            cuts = afar.link.cuts
            afar.link.cut = ("after", "before")[number % 2]
            living.until(lambda _, cuts=cuts: afar.link.cuts > cuts)
        ended = living.ended()
    place.check(stream, ended)


def test_slow_commits_hold_orders_back_and_change_nothing(place, afar, stream):
    with place.living(stream, "--exit-at-end", speed=PACE) as living:
        living.until(lambda status: status.ready and status.head.seq > 50)
        afar.link.commit_s = 2.5
        living.until(lambda status: "database" in status.problems, within_s=10.0)
        afar.link.commit_s = 0.0
        ended = living.ended()
    place.check(stream, ended)


def test_a_signal_while_the_database_is_away_ends_it_in_time_and_nothing_is_lost(place, afar, stream):
    with place.living(stream, speed=PACE) as living:
        living.until(lambda status: status.ready and status.head.seq > 200)
        with afar.away():
            living.until(lambda status: "database" in status.problems, within_s=5.0)
            assert living.stop(signal.SIGTERM, within_s=30.0) == 1
        assert "the end could not be noted" in living.said
        assert "Traceback" not in living.said
    place.check(stream, place.lives(stream))
