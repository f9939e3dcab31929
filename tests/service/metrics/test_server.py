"""The metrics' address, before clients that are slow, many or wrong."""

import asyncio
import time
from contextlib import suppress

import pytest
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import GaugeMetricFamily

from kernel.errors import UsageError
from service.metrics.server import CONNECTIONS_MAX, metrics_server

GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
pytestmark = pytest.mark.timeout(60)


class Big:
    """Four megabytes of series, counted how often they were made: more than any socket's buffers take."""

    made = 0

    def collect(self):
        self.made += 1
        family = GaugeMetricFamily("candled_big", "Big.", labels=("symbol",))
        for place in range(40_000):
            family.add_metric((f"{place:0100}",), place)
        yield family


def registry_with(collector=None) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    Gauge("candled_x", "X.", registry=registry).set(3)
    if collector is not None:
        registry.register(collector)
    return registry


async def connected(address: str):
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host.strip("[]"), int(port))


async def answer(address: str, request: bytes = GET) -> bytes:
    reader, writer = await connected(address)
    writer.write(request)
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_a_scrape():
    async with metrics_server(registry_with(), "127.0.0.1:0") as address:
        text = await answer(address)
    head, _, body = text.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"Content-Type: text/plain; version=0.0.4" in head
    assert b"Connection: close" in head
    assert b"candled_x 3.0\n" in body


@pytest.mark.parametrize(
    ("request_line", "status"),
    [(b"GET / HTTP/1.1", b"404"), (b"POST /metrics HTTP/1.1", b"405"), (b"nonsense", b"400"),
     (b"GET /metrics?x=1 HTTP/1.1", b"200"), (b"GET /" + b"x" * 100_000 + b" HTTP/1.1", b"400")],
)  # fmt: skip
async def test_other_requests(request_line, status):
    async with metrics_server(registry_with(), "127.0.0.1:0") as address:
        text = await answer(address, request_line + b"\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert text.split()[1] == status
        assert b"Traceback" not in text


async def test_whoever_reads_a_byte_a_second_holds_nobody_and_is_cut_off():
    registry = registry_with(Big())
    async with metrics_server(registry, "127.0.0.1:0", request_s=2.5) as address:
        slow = [await connected(address) for _ in range(4)]
        for _, writer in slow:
            writer.transport.pause_reading()
            writer.write(GET)
        await asyncio.sleep(0.2)
        latest = 0.0
        started = time.monotonic()
        while time.monotonic() - started < 1.0:
            due = time.monotonic() + 0.01
            await asyncio.sleep(0.01)
            latest = max(latest, time.monotonic() - due)
        assert latest < 1.0, "the loop was held"
        assert len(await answer(address)) > 4_000_000
        await asyncio.sleep(2.0)
        for reader, writer in slow:
            writer.transport.resume_reading()
            with suppress(ConnectionError):
                assert len(await reader.read()) < 4_000_000
            writer.close()


async def test_whoever_never_ends_his_request_is_cut_off():
    async with metrics_server(registry_with(), "127.0.0.1:0", request_s=0.3) as address:
        reader, writer = await connected(address)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost")
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_there_is_room_for_so_many_and_then_again():
    async with metrics_server(registry_with(), "127.0.0.1:0", request_s=1.0) as address:
        idle = [await connected(address) for _ in range(CONNECTIONS_MAX)]
        with suppress(ConnectionError):
            assert await answer(address) == b""
        await asyncio.sleep(1.2)
        assert b"candled_x 3.0" in await answer(address)
        for _, writer in idle:
            writer.close()


async def test_many_scrapes_at_once_are_made_once():
    big = Big()
    async with metrics_server(registry_with(big), "127.0.0.1:0") as address:
        texts = await asyncio.gather(*(answer(address) for _ in range(10)))
    assert len({len(text) for text in texts}) == 1
    assert big.made <= 2


async def test_a_port_that_another_has_is_taken_when_it_is_free():
    said: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    async with metrics_server(registry_with(), "127.0.0.1:0") as address:
        late = metrics_server(registry_with(), address, lambda part, problem: said.put_nowait((part, problem)))
        assert await late.__aenter__() == address
    try:
        part, problem = await said.get()
        assert part == "metrics"
        assert address in problem
        assert await asyncio.wait_for(said.get(), 10) == ("metrics", "")
        assert b"candled_x" in await answer(address)
    finally:
        await late.__aexit__(None, None, None)


@pytest.mark.parametrize("listen", ["9464", ":9464", "127.0.0.1:x", "127.0.0.1:99999", "127.0.0.1:-1", "unix:/x"])
async def test_an_address_that_is_none_is_refused(listen):
    with pytest.raises(UsageError, match=r"metrics\.listen"):
        async with metrics_server(registry_with(), listen):
            pass


async def test_nowhere():
    async with metrics_server(registry_with(), "") as address:
        assert address == ""
