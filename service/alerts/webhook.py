"""A webhook: takes a short text by POST. Its URL is a secret: what other libraries say of it is never repeated."""

from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from kernel.errors import ConfigError
from service.secret_files import read_secret

__all__ = ["Sent", "Webhook", "read_webhook"]

TEXT_MAX: Final = 3_500  # Telegram takes 4,096 characters
REQUEST_S: Final = 10.0
_WAIT_MAX_S: Final = 300.0
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class Sent(NamedTuple):
    """What became of a text: taken; or to be tried again, at the earliest after so long; or refused for good."""

    taken: bool
    again: bool
    wait_s: float
    what: str


class Webhook:
    """Where texts go: as {"chat_id", "text"} with a chat, as Telegram's sendMessage wants them, else as {"text"}."""

    def __init__(self, url: str, chat_id: str = "") -> None:
        self._url = url
        self._chat_id = chat_id

    def __repr__(self) -> str:
        return "Webhook()"

    async def send(self, text: str) -> Sent:
        """Try once."""
        payload = {"chat_id": self._chat_id, "text": text[:TEXT_MAX]} if self._chat_id else {"text": text[:TEXT_MAX]}
        patience = aiohttp.ClientTimeout(total=REQUEST_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=patience) as session,
                session.post(self._url, json=payload, allow_redirects=False) as response,
            ):
                return _judged(response.status, response.headers.get("Retry-After", ""))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return Sent(taken=False, again=True, wait_s=0.0, what=type(error).__name__)


def _judged(status: int, retry_after: str) -> Sent:
    again = status in (408, 425, 429) or status >= 500
    wait_s = min(float(retry_after), _WAIT_MAX_S) if retry_after.isascii() and retry_after.isdigit() else 0.0
    return Sent(taken=200 <= status < 300, again=again, wait_s=wait_s, what=f"HTTP {status}")


def read_webhook(url_file: Path, chat_id: str = "") -> tuple[Webhook, str]:
    """The webhook whose URL a file holds, and that URL, to be hidden. Errors: ConfigError, without a word of it."""
    url = read_secret(url_file, what="the webhook's URL")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)):
        raise ConfigError(
            f"the webhook's URL in {url_file} is no https:// URL", fix="write the whole URL into the file"
        )
    return Webhook(url, chat_id), url
