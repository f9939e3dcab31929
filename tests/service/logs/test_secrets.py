"""No spelling of a secret, and nothing that looks like one, gets through; and what is looked through costs little."""

import json
import string
import time
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from service.logs.cleaning import Cleaner
from service.logs.secrets import REDACTED, SECRET_WORDS, Secrets

CANARY = "c4nary/+&=x\"y'\\zé"
around = st.text(string.ascii_letters + ' ,:="\n', max_size=30)


@given(st.text(min_size=6, max_size=60), around, around)
@example("a space/and a slash", "", "")
def test_a_known_secret_is_hidden_in_every_spelling(secret, before, after):
    assume(secret.strip() and len(set(secret)) > 3 and secret not in REDACTED)
    secrets = Secrets()
    secrets.add(secret)
    spellings = (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret), repr(secret),
                 urlencode({"x": secret}), json.dumps({"a": [secret]}, ensure_ascii=False))  # fmt: skip
    for spelling in spellings:
        assert secret not in secrets.hide(before + spelling + after)
        inner = spelling.strip("\"'")
        assert inner == secret or inner not in secrets.hide(before + spelling + after)


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v3/order?symbol=BTCUSDT&signature=CANARY",
        "POST https://fapi.example/x?timestamp=1&apiKey=CANARY&x=1",
        "{'X-MBX-APIKEY': 'CANARY', 'a': 1}",
        '{"password": "CANARY"}',
        'said: {\\"token\\": \\"CANARY\\"}',
        "X-MBX-APIKEY: CANARY",
        "X-API-Key : CANARY",
        "Authorization: CANARY",
        "Authorization: Bearer CANARY",
        "authorization = 'bearer CANARY'",
        "postgresql://user:CANARY@db:5432/candled",
        "postgresql://user:with@at/CANARY@db:5432/candled",
        "connect to https://api.telegram.org/bot123456789:AACANARY_9xyzwvuts/sendMessage",
        "Config(secret='CANARY', x=1)",
        "dsn: host=x password=CANARY sslmode=require",
        "cookie=CANARY; path=/",
        "-----BEGIN EC PRIVATE KEY-----\nCANARY\n-----END EC PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nCANARY and no end",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text):
    hidden = Secrets().hide(text.replace("CANARY", "c4n4ryc4n4ry"))
    assert "c4n4ry" not in hidden
    assert REDACTED in hidden


@pytest.mark.parametrize(
    "text",
    [
        "a token cannot be read from FILE",
        "BTC/USDT at 12:30:00",
        "see https://example.org/a:b",
        "basic setup",
        "robots",
    ],
)
def test_ordinary_text_stays(text):
    assert Secrets().hide(text) == text


def test_of_a_url_its_parts_are_known_too():
    secrets = Secrets()
    secrets.add_url("https://user:hunter2hunter@hooks.example/services/T0123456789AB/key9876543210")
    for part in ("hunter2hunter", "T0123456789AB", "key9876543210"):
        assert part not in secrets.hide(f"while asking {part} for something")
    secrets.add_url("http://[not a url")
    assert repr(secrets) == "Secrets()"


def test_keys_tell_too():
    event = {
        "api_key": "abc", "Password": 7, "nested": {"X-Token": ["abc"], "fine": 1}, "database_url": "abc",
        "curl": "abc", "list": [{"secret": "abc"}, "abc"],
    }  # fmt: skip
    cleaned = Cleaner(Secrets())(None, "", event)
    assert cleaned == {
        "api_key": REDACTED, "Password": REDACTED, "nested": {"X-Token": REDACTED, "fine": 1},
        "database_url": REDACTED, "curl": "abc", "list": [{"secret": REDACTED}, "abc"],
    }  # fmt: skip


class Talkative:
    def __repr__(self):
        return f"Talkative({CANARY})"


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.just(Talkative()),
              st.just(ValueError(CANARY)), st.just(CANARY), st.just("x" * 50_000 + CANARY + "y" * 50_000)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.one_of(st.text(), st.just(CANARY)), inner)),
)  # fmt: skip


@settings(max_examples=40)
@given(st.dictionaries(st.text(), values))
def test_whatever_is_logged_becomes_a_bounded_line_without_the_secret(event):
    secrets = Secrets()
    secrets.add(CANARY)
    line = json.dumps(Cleaner(secrets)(None, "", event), ensure_ascii=False)
    assert CANARY not in line
    assert json.dumps(CANARY, ensure_ascii=False)[1:-1] not in line
    json.loads(line)


@given(st.integers(0, 20_000), st.integers(0, 20_000), st.sampled_from([1, 1, 2, 400]))
def test_no_half_of_a_secret_is_left_at_a_cut(before, after, times):
    secret = "".join(f"{place:03}-" for place in range(20))
    secrets = Secrets()
    secrets.add(secret)
    text = Cleaner(secrets)(None, "", {"event": "x" * before + secret * times + "y" * after})["event"]
    assert "-" not in text
    assert len(text) < 2_100


@pytest.mark.parametrize("piece", ["a", "token", "-token ", "://", "://a:", "bearer ", "bot11111", "'token\\", "=\t"])
def test_no_text_costs_much(piece):
    words = [piece, *SECRET_WORDS.split("|")[1:3]]
    cleaner, started = Cleaner(Secrets()), time.process_time()
    for word in words:
        cleaner(None, "", {"event": word * (200_000 // len(word))})
    assert time.process_time() - started < 0.25
