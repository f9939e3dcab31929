"""Much at once, and readers who take nothing: neither may come between a candle and its orders."""

import os
import socket
import time
from contextlib import ExitStack, contextmanager, suppress
from fcntl import F_SETPIPE_SZ, fcntl

import pytest

from service.api.tokens import read_token, token_file
from service.embedded.client import join
from tests.service.daemon.place import Place
from tests.service.made import MEAN_REVERSION, dataset, walk

PACE = "18000"  # three hundred candles a second


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("burst")
    with join(data_dir):
        yield Place(data_dir, [dataset(data_dir, walk(4_000, 11))], MEAN_REVERSION)


def candle_to_order(living):
    """How many orders were sent so far, and how long after their candles, s, together."""
    found = living.metrics()
    return found["candled_candle_to_order_seconds_count"], found["candled_candle_to_order_seconds_sum"]


def over_a_while(living, while_s):
    """The mean time from a candle to its orders, over a while from now on."""
    orders, seconds = candle_to_order(living)
    time.sleep(while_s)
    more, longer = candle_to_order(living)
    assert more - orders >= 5
    return (longer - seconds) / (more - orders)


@contextmanager
def readers_who_take_nothing(living):
    """Of the metrics, one who reads a byte now and then; of the events, four who read none."""
    token = read_token(token_file(living.directory, "read"), "read")
    endpoint = living.endpoint()
    with ExitStack() as open_still:
        host, _, port = endpoint.metrics.rpartition(":")
        scraper = open_still.enter_context(socket.create_connection((host, int(port))))
        scraper.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in range(4):
            reader = open_still.enter_context(socket.socket(socket.AF_UNIX))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(endpoint.api.removeprefix("unix:"))
            reader.sendall(f"GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        yield scraper


def fill(pipe):
    """Leave no room in a pipe, which stays a waiting one for the others who write to it."""
    own = os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK)
    try:
        with suppress(BlockingIOError):
            while True:
                os.write(own, b".")
    finally:
        os.close(own)


def test_readers_who_take_nothing_hold_no_order_up(place):
    """And its standard error is a pipe that nobody reads, and full."""
    stream = place.new_stream()
    read, write = os.pipe()
    fcntl(write, F_SETPIPE_SZ, 4096)
    try:
        with place.living(stream, "--exit-at-end", speed=PACE, stderr=write) as living:
            living.until(lambda status: status.ready and status.head.seq > 200)
            fill(write)
            alone_s = over_a_while(living, 3.0)
            with readers_who_take_nothing(living) as scraper:
                watched_s = over_a_while(living, 3.0)
                assert scraper.recv(1)
            assert watched_s < 5 * alone_s + 0.02
            place.check(stream, living.ended())
    finally:
        os.close(read)
        os.close(write)


def test_a_burst_of_ten_thousand_candles_is_taken_in_order_and_bounded(place):
    """A daemon that was away: at its start, everything since is due at once. It answers meanwhile."""
    there = Place(place.data_dir, [dataset(place.data_dir, walk(10_000, 12))], MEAN_REVERSION)
    stream, slowest_s, largest = there.new_stream(), 0.0, 0
    with there.living(stream, speed="1000000") as living:
        living.endpoint()
        first = living.rss_bytes()
        ended = False
        while not ended:
            began = time.monotonic()
            ended = living.status().market_ended
            slowest_s, largest = max(slowest_s, time.monotonic() - began), max(largest, living.rss_bytes())
        assert living.stop() == 0
    assert slowest_s < 1.0
    assert largest - first < 64e6
    there.check(stream)
