"""/events gives every durable entry once and in order, and no reader costs the others, or the kernel, anything."""

import socket
import time
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.codec import decode
from kernel.notes import FeedChanged
from service.api import tail as tails
from service.api.tail import Tail
from tests.service.api.serving import serving


def written(served, first):
    """What the log holds from a record on, as events."""
    records = served.daemon.writer.records[first - 1 :]
    return [{"id": str(r.seq), "event": r.type, "data": r.payload.decode()} for r in records]


def note(ts: int) -> FeedChanged:
    return FeedChanged(ts, 0, "BTC/USDT", "live")


def burst(served, count):
    """As the listener of a commit is told."""
    tail, first = served.daemon.listeners[0], served.daemon.head.seq + 1

    def commit():
        began = time.perf_counter()
        for start in range(0, count, 500):
            tail(first + start, [note(ts) for ts in range(start, min(start + 500, count))])
        return time.perf_counter() - began

    return served.here(commit)


def test_entries_come_as_they_are_recorded(served):
    first = served.daemon.head.seq + 1
    with served.reading() as stream:
        assert b"200 OK" in stream.head
        assert b"text/event-stream" in stream.head
        assert stream.next() == {"retry": "2000"}
        served.here(lambda: served.daemon.lives(8))
        served.post("/pause")
        expected = written(served, first)
        told = [stream.next() for _ in expected]
    assert told == expected
    assert {each["event"] for each in told} >= {"CandleClosed", "DecisionMade", "OrderFilled", "SetTradingState"}
    for each in told:
        assert decode(each["event"], 1, each["data"].encode())


def test_a_reader_goes_on_where_it_was(served):
    first = served.daemon.head.seq + 1
    served.here(lambda: served.daemon.lives(8))
    expected = written(served, first)
    with served.reading(Last_Event_ID=str(first + 4)) as stream:
        stream.next()
        assert [stream.next() for _ in expected[5:]] == expected[5:]


def test_a_reader_that_comes_too_late_is_told_what_it_missed(served):
    with served.reading(Last_Event_ID="3") as stream:
        stream.next()
        head = served.daemon.head.seq
        assert stream.next() == {"event": "gap", "data": msgspec.json.encode({"from": 4, "to": head}).decode()}
        served.post("/pause")
        assert stream.next()["id"] == str(head + 1)


def test_only_the_types_that_are_asked_for(served):
    with served.reading("?types=TradingStateChanged,OrderFilled") as stream:
        stream.next()
        served.here(lambda: served.daemon.lives(8))
        served.post("/pause")
        told = []
        while not told or told[-1] != "TradingStateChanged":
            told.append(stream.next()["event"])
    assert set(told) == {"TradingStateChanged", "OrderFilled"}


@pytest.mark.parametrize(("last", "status"), [("0", 200), ("9" * 19, 200), ("9" * 20, 400), ("-1", 400), ("x", 400)])
def test_the_last_id_is_a_number_or_nothing(served, last, status):
    with served.reading(Last_Event_ID=last) as stream:
        assert f" {status} ".encode() in stream.head


def test_a_silent_log_is_no_dead_connection(served, monkeypatch):
    monkeypatch.setattr("service.api.stream.ALIVE_S", 0.05)
    with served.reading() as stream:
        stream.next()
        assert [stream.next() for _ in range(3)] == [{"": "alive"}] * 3


def test_ten_thousand_at_once_cost_the_kernel_next_to_nothing(served):
    """One reader reads, one sends nothing but its request, one reads a byte at a time."""
    with served.reading() as quick, served.reading() as stuck, served.connect() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(
            f"GET /events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {served.tokens['read']}\r\n\r\n".encode()
        )
        assert (quick.next(), stuck.next()) == ({"retry": "2000"},) * 2
        slow.recv(1)
        spent = burst(served, 10_000)
        assert spent < 0.5  # measured: 0.003 s
        began = time.perf_counter()
        assert served.get("/livez").status == 200
        assert time.perf_counter() - began < 2
        first = quick.next()
        assert first["event"] == "gap"  # more than is kept came at once
        missed = msgspec.json.decode(first["data"])
        kept = [int(quick.next()["id"]) for _ in range(tails.KEPT)]
    assert kept == list(range(missed["to"] + 1, missed["to"] + 1 + tails.KEPT))
    assert missed["to"] - missed["from"] + 1 == 10_000 - tails.KEPT


def test_who_takes_nothing_is_disconnected(tmp_path, logged, monkeypatch):
    monkeypatch.setattr("service.api.stream.TAKE_S", 0.3)
    with serving(tmp_path) as running, running.reading() as stream:
        stream.next()
        burst(running, 8_000)
        time.sleep(1.5)
        got = 0
        with suppress(EOFError, ConnectionError, ValueError):
            while got < 8_000:
                stream.next()
                got += 1
        assert got < 8_000
        assert [entry["route"] for entry in logged] == ["/events"]


def test_sixteen_readers_and_no_more_but_a_place_is_free_again(served):
    readers = [served.reading() for _ in range(16)]
    streams = [reader.__enter__() for reader in readers]
    for stream in streams:
        stream.next()
    told = served.get("/events")
    assert (told.status, told.json["code"]) == (429, "too_many_readers")
    for reader in readers:
        reader.__exit__(None, None, None)
    served.post("/pause")  # writing to those who left tells that they have
    deadline = time.monotonic() + 5
    while True:
        with served.reading() as stream:
            if b" 200 " in stream.head:
                break
        assert time.monotonic() < deadline
        served.post("/pause")


def test_the_end_of_the_daemon_ends_the_stream(tmp_path, logged):
    with serving(tmp_path) as running:
        reader = running.reading()
        stream = reader.__enter__()
        stream.next()
    with pytest.raises((EOFError, ConnectionError)):
        stream.next()
    reader.__exit__(None, None, None)


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 5_000), st.data())
def test_the_tail_is_the_end_of_a_list(batches, first, data):
    """Beside a list that keeps everything; the deque's bound is made small by filling it."""
    tail, everything = Tail(first), []
    for size in batches:
        entries = [note(len(everything) + n) for n in range(size)]
        tail.take(first + len(everything), entries)
        everything += entries
        assert tail.next == first + len(everything)
        assert tail.oldest == first
        seq = data.draw(st.integers(tail.oldest, tail.next))
        limit = data.draw(st.integers(1, 100))
        expected = list(enumerate(everything, first))[seq - first :][:limit]
        assert tail.read(seq, limit) == expected


def test_the_tail_forgets_the_oldest_and_never_bridges_a_hole():
    tail = Tail(1)
    tail.take(1, [note(n) for n in range(tails.KEPT)])
    tail.take(tails.KEPT + 1, [note(7)])
    assert (tail.oldest, tail.next) == (2, tails.KEPT + 2)
    tail.take(tails.KEPT + 10, [note(8)])
    assert tail.oldest == tails.KEPT + 10
    assert tail.read(tail.oldest, 9) == [(tails.KEPT + 10, note(8))]
