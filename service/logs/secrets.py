"""What must be seen nowhere: the secrets that were loaded, by value, and what looks like one, by pattern."""

import json
import re
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

__all__ = ["REDACTED", "SECRET_WORDS", "Secrets"]

REDACTED: Final = "[redacted]"
SECRET_WORDS: Final = (
    r"api[-_]?key|authorization|cookie|credential|passphrase|passw(?:or)?d|private[-_]?key|secret|signature|token"  # noqa: S105 - names
)
_SHORTEST: Final = 6  # a shorter one would blank out ordinary words; patterns still find it where it is used
# Every repetition before a value is bounded: what comes from outside must not make one line cost seconds.
_PATTERNS: Final = (
    (re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|$)", re.DOTALL), REDACTED),
    (re.compile(r"(?i)\b(bearer|basic)\s{1,4}[\w.~+/=-]{6,}"), rf"\1 {REDACTED}"),
    (re.compile(r"://[^\s\"'@/]{0,200}:[^\s\"']{0,200}@"), f"://{REDACTED}@"),
    (re.compile(r"\bbot\d{5,20}:[\w-]{10,}"), f"bot{REDACTED}"),
    # token=..., token = '...'; then "token": "...", as dictionaries print it; then X-API-KEY: ..., as headers do
    (
        re.compile(rf"(?i)((?:{SECRET_WORDS})[\w-]{{0,32}}\s{{0,4}}=\s{{0,4}}b?[\"']?)[^\s\"',;&)}}\]]+"),
        rf"\1{REDACTED}",
    ),
    (
        re.compile(rf"(?i)((?:{SECRET_WORDS})[\w-]{{0,32}}\\?[\"']\s{{0,4}}:\s{{0,4}}b?\\?[\"'])[^\"'\\]+"),
        rf"\1{REDACTED}",
    ),
    (re.compile(rf"(?i)(-(?:{SECRET_WORDS})[\w-]{{0,32}}\s{{0,4}}:\s{{0,4}})[^\s\"',]+"), rf"\1{REDACTED}"),
    (re.compile(r"(?i)(\bauthorization\s{0,4}:\s{0,4})[^\s\"',]+"), rf"\1{REDACTED}"),
)


# One of these is in whatever a pattern finds: most lines have none, and cost a microsecond a text.
_MARKS: Final = (
    "key",
    "auth",
    "cookie",
    "credential",
    "pass",
    "secret",
    "signature",
    "token",
    "bearer",
    "basic",
    "bot",
    "://",
)


class Secrets:
    """Add each one as soon as it is read. `hide` blanks them out, in every spelling that a message may give them."""

    def __init__(self) -> None:
        self._spellings: set[str] = set()
        self._known: re.Pattern[str] | None = None

    def __repr__(self) -> str:
        return "Secrets()"

    @property
    def longest(self) -> int:
        """The length of the longest spelling."""
        return max(map(len, self._spellings), default=0)

    def add(self, secret: str) -> None:
        """Know a secret."""
        if len(secret) < _SHORTEST:
            return
        self._spellings |= {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
        self._spellings |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
        longest_first = sorted(self._spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first)))

    def add_url(self, url: str) -> None:
        """Know a URL that is a secret, or has one in it: all of it, its password, and each long part of its path."""
        self.add(url)
        try:
            parts = urlsplit(url)
            password = parts.password or ""
        except ValueError:
            return
        self.add(password)
        for part in (*parts.path.split("/"), *parts.query.split("&")):
            if len(part) >= 2 * _SHORTEST:
                self.add(part)

    def hide(self, text: str) -> str:
        """The same text, secrets blanked out."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        lowered = text.lower()
        if any(mark in lowered for mark in _MARKS):
            for pattern, instead in _PATTERNS:
                text = pattern.sub(instead, text)
        return text
