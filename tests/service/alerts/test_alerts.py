"""Alerts to a webhook that really listens: bounded, repeated when it fails, and its URL in nothing that is said."""

import asyncio
import json
import os
import time
from contextlib import asynccontextmanager, suppress
from decimal import Decimal

import pytest
from aiohttp import web

from kernel.errors import ConfigError
from kernel.events import EquityMarked, Event, ReportRefused, TradingStateChanged
from kernel.messages import MarketEnded, Message, OrderUnknown
from kernel.notes import DaemonStarted
from service.alerts.alerts import WAITING_MAX, Alerts
from service.alerts.notable import notable
from service.alerts.webhook import TEXT_MAX, Sent, Webhook, read_webhook
from service.daemon.health import Health
from service.logs.secrets import Secrets
from service.logs.setup import logging_to

CANARY = "bot123456789:AAc4nary-c4nary"
pytestmark = pytest.mark.timeout(60)


class Hook:
    """A server that keeps what it is told, and answers what it is told to: a status, or nothing for so long."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.bodies: list[dict] = []
        self.url = ""

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        self.bodies.append(json.loads(await request.text()))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, float):
            await asyncio.sleep(answer)
        elif answer == 302:
            return web.Response(status=302, headers={"Location": self.url})
        elif answer == 429:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.Response(status=answer if isinstance(answer, int) else 200)

    @property
    def texts(self) -> list[str]:
        return [body["text"] for body in self.bodies]


@asynccontextmanager
async def listening(*answers):
    hook = Hook(*answers)
    server = web.Server(hook.take)
    door = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    hook.url = f"http://127.0.0.1:{door.sockets[0].getsockname()[1]}/{CANARY}/sendMessage"
    try:
        yield hook
    finally:
        door.close()
        await server.shutdown(0.1)


@asynccontextmanager
async def running(alerts: Alerts):
    task = asyncio.create_task(alerts.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what changes is on the other side of a socket
            await asyncio.sleep(0.01)


async def test_what_is_said_together_goes_out_together_in_telegrams_form():
    async with listening() as hook:
        alerts = Alerts(Webhook(hook.url, "-100123").send, name="paper", per_hour=20, gather_s=0.05)
        health = Health(alerts.heard)
        async with running(alerts):
            health.say("database", "gone")
            health.say("database")
            alerts.committed(7, [DaemonStarted(0, 0, 3, "1.0", "ab"), MarketEnded(0, 0)])
            await until(lambda: alerts.sent)
    assert hook.bodies == [
        {
            "chat_id": "-100123",
            "text": "paper: database: gone\ndatabase: well again\nstarted (epoch 3, version 1.0)\nthe market has ended",
        }
    ]


async def test_so_many_an_hour_and_the_rest_is_counted():
    async with listening() as hook:
        alerts = Alerts(Webhook(hook.url).send, name="paper", per_hour=2, gather_s=0.0, hour_s=1.0)
        async with running(alerts):
            for number in (1, 2):
                alerts.say(f"number {number}")
                await until(lambda number=number: alerts.sent == number)
            for number in range(100, 130):
                alerts.say(f"number {number}")
            await asyncio.sleep(0.3)
            assert len(hook.texts) == 2
            await until(lambda: alerts.sent == 3)
    assert hook.bodies[0] == {"text": "paper: number 1"}
    last = hook.texts[2].splitlines()
    assert last[0] == "paper: number 120"
    assert last[-1] == f"({30 - WAITING_MAX} earlier ones were held back)"
    assert alerts.lost == 30 - WAITING_MAX


@pytest.mark.parametrize("first", [500, 503, 429, 408])
async def test_what_fails_is_said_again(first):
    async with listening(first) as hook:
        alerts = Alerts(Webhook(hook.url).send, name="paper", per_hour=20, gather_s=0.0)
        async with running(alerts):
            started = time.monotonic()
            alerts.say("x")
            await until(lambda: alerts.sent == 1)
    assert time.monotonic() - started >= 1.0
    assert hook.texts == ["paper: x"] * 2


@pytest.mark.parametrize("status", [302, 400, 401, 404])
async def test_what_is_refused_is_not_said_again_nor_elsewhere(status):
    async with listening(status) as hook:
        alerts = Alerts(Webhook(hook.url).send, name="paper", per_hour=20, gather_s=0.0)
        async with running(alerts):
            alerts.say("x")
            await until(lambda: alerts.lost == 1)
    assert len(hook.bodies) == 1


async def test_the_url_is_in_nothing_that_is_said(tmp_path, capfd):
    """Refused connections, time-outs, redirects, refusals: into the log at its lowest level, and nowhere the secret."""
    path, secrets = tmp_path / "log", Secrets()
    async with listening(401, 302, 500) as hook:
        url_file = tmp_path / "url"
        url_file.write_text(hook.url)
        url_file.chmod(0o600)
        webhook, url = read_webhook(url_file)
        secrets.add_url(url)
        with path.open("w") as stream, logging_to(stream, level="debug", secrets=secrets):
            alerts = Alerts(webhook.send, name="paper", per_hour=20, hide=secrets.hide, gather_s=0.0)
            async with running(alerts):
                for _ in range(3):
                    alerts.say(f"asked {hook.url} for something")
                    await asyncio.sleep(0.1)
            dead = Webhook(hook.url.replace("127.0.0.1:", "127.0.0.1:1"))
            outcome = await dead.send("x")
    assert outcome.again
    said = path.read_text() + "".join(hook.texts) + "".join(capfd.readouterr()) + repr(webhook) + repr(outcome)
    assert "did not take" in said
    assert "c4nary" not in said


async def test_nobody_waits_for_a_webhook_that_hangs():
    async with listening(30.0) as hook:
        alerts = Alerts(Webhook(hook.url).send, name="paper", per_hour=20, gather_s=0.0)
        async with running(alerts):
            alerts.say("x")
            await until(lambda: hook.bodies)
            started = time.perf_counter()
            for _ in range(10_000):
                alerts.heard("database", "gone")
            assert time.perf_counter() - started < 3
            assert not alerts.sent
        started = time.monotonic()
        await alerts.drain(5.0)
        assert time.monotonic() - started < 3
    assert hook.texts[1].startswith("paper: x\n"), "what was in hand is not lost"
    assert "held back" in hook.texts[1]


async def test_the_end_does_not_wait_for_ever():
    async with listening(30.0) as hook:
        alerts = Alerts(Webhook(hook.url).send, name="paper", per_hour=20)
        alerts.say("fenced")
        started = time.monotonic()
        await alerts.drain(0.3)
        assert time.monotonic() - started < 3


async def test_one_message_is_never_too_long():
    texts = []

    async def send(text: str) -> Sent:
        texts.append(text)
        return Sent(taken=True, again=False, wait_s=0.0, what="")

    alerts = Alerts(send, name="paper", per_hour=20)
    for _ in range(3 * WAITING_MAX):
        alerts.say("x" * 5_000)
    await alerts.drain()
    assert len(texts) == 1
    assert len(texts[0]) < TEXT_MAX


@pytest.mark.parametrize(
    "text", ["http://example.org/c4nary-c4nary", "ftp://c4nary-c4nary", "c4nary-c4nary", "https://[c4nary-c4nary",
             "https://x:c4nary/"],
)  # fmt: skip
def test_a_url_that_is_none_is_refused_without_a_word_of_it(tmp_path, text):
    path = tmp_path / "url"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError) as refused:
        read_webhook(path)
    assert "c4nary" not in str(refused.value) + refused.value.fix
    assert refused.value.__cause__ is None or "c4nary" not in str(refused.value.__cause__)


def test_a_url_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "url"
    path.write_text("https://example.org/x")
    os.chmod(path, 0o644)  # noqa: PTH101 - the same
    with pytest.raises(ConfigError, match="read by others"):
        read_webhook(path)


HALTED = TradingStateChanged(0, "", "", "halted", "drawdown", 0, "900 <= 950 USDT", flatten=True)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (HALTED, "the account: nothing is sent, every position is closed (drawdown: 900 <= 950 USDT)"),
        (TradingStateChanged(0, "s", "X/Y", "active", "command", 0, "me", flatten=False),
         "s in X/Y: trading goes on (command: me)"),
        (TradingStateChanged(0, "s", "X/Y", "reducing", "exit_cooldown", 9, "", flatten=False), ""),
        (ReportRefused(0, 3, "OrderFilled", "more_than_was_ordered", quarantined=True),
         "the venue contradicts itself on order 3 (more_than_was_ordered): no entries in its market"),
        (ReportRefused(0, 3, "OrderFilled", "trade_already_booked", quarantined=False), ""),
        (OrderUnknown(0, 0, 4, "timeout"), "the venue did not tell what became of order 4 (timeout)"),
        (EquityMarked(0, "fill", "USDT", Decimal(1), Decimal(1)), ""),
    ],
)  # fmt: skip
def test_what_is_notable(entry, words):
    assert notable(entry) == words
    assert isinstance(entry, Event | Message)
