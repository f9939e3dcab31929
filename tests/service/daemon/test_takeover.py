"""One stream, one daemon: a second is refused while the first lives, and takes over when it is frozen."""

import signal
import time

import pytest

from service.embedded.client import join
from tests.service.daemon.place import Place, of_type
from tests.service.made import EMA_CROSS, dataset, walk


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("takeover")
    with join(data_dir):
        yield Place(data_dir, [dataset(data_dir, walk(3_000, 5))], EMA_CROSS)


def test_a_second_daemon_is_refused_while_the_first_lives_and_takes_over_when_it_is_frozen(place):
    stream = place.new_stream()
    with place.living(stream, speed="3000") as first:
        first.until(lambda status: status.orders > 0 or status.head.seq > 100)
        with place.living(stream, "--exit-at-end") as second:
            code, out = second.answer()
        assert (code, out) == (3, b""), second.said
        assert "Traceback" not in second.said
        first.process.send_signal(signal.SIGSTOP)
        frozen = time.monotonic()
        with place.living(stream, "--exit-at-end") as second:
            ended = second.ended()
        assert time.monotonic() - frozen >= 8  # a lease is taken after ten silent seconds, and the last beat may be old
        first.process.send_signal(signal.SIGCONT)
        code, _ = first.answer()
        assert code == 3, first.said
        assert "Traceback" not in first.said
    recorded = place.check(stream, ended)
    assert [note.epoch for note in of_type(recorded, "DaemonStarted")] == [1, 2]


def test_an_idle_daemon_that_was_taken_over_ends_too(place):
    """Its market has ended: it appends nothing any more, and must find it out by its heartbeat."""
    stream = place.new_stream()
    with place.living(stream) as first:
        first.until(lambda status: status.market_ended)
        first.process.send_signal(signal.SIGSTOP)
        assert place.lives(stream) == place.expected
        first.process.send_signal(signal.SIGCONT)
        code, _ = first.answer()
    assert code == 3, first.said
