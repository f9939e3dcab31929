"""The bytes that are hashed: golden ones of every type, and the way back.

A golden line that changes is a log that no longer verifies: give the type a new schema version and keep the old line.
`python -m tests.kernel.test_codec` adds the lines of types that have none yet; it rewrites none.
"""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from kernel import events, messages, notes
from kernel.account import Account
from kernel.codec import EVENT_TYPES, MESSAGE_TYPES, decode, encode, schema_version
from kernel.errors import UsageError
from kernel.instrument import Instrument
from kernel.limits import Limits
from kernel.money import pinned
from tests.kernel.drawn import any_struct

GOLDEN = Path(__file__).parent / "golden" / "payloads.jsonl"
TYPES = MESSAGE_TYPES | EVENT_TYPES
_PREFIX = b'{"schema_version":%d,"payload":'

_TIME = 1_655_128_800_000_000_000
_BTC = Instrument("BTC/USDT", "BTC", "USDT", 2, 5, *map(Decimal, ("0.01", "0.00001", "5", "0.001")))
_CANDLE = (_TIME, "BTC/USDT", _TIME - 60_000_000_000, 2_300_001, 2_310_000, 2_290_050, 2_300_000, 123_456)
_ACCOUNT = Account(
    "USDT", {"USDT": Decimal("100000000.00"), "BNB": Decimal(3)}, {"BNB": "BNB/USDT"}, "margin", Decimal("2.5")
)
_LIMITS = Limits(max_position=Decimal("1.50"), max_open_orders=4)
EXAMPLES = [
    messages.CandleClosed(*_CANDLE),
    messages.WarmupCandle(*_CANDLE),
    messages.InstantClosed(_TIME),
    messages.StreamOpened(_TIME, 0, "ab" * 32, ("ema_cross", "rotation"), _ACCOUNT, (_BTC,)),
    messages.OrderAccepted(_TIME, 7, 1, "sim-1"),
    messages.OrderRejected(_TIME, 7, 1, "invalid_quantity"),
    messages.OrderFilled(_TIME, 7, 1, "1-1", *map(Decimal, ("23000.00", "1.00000", "2.3000000E+1")), "USDT"),
    messages.OrderFilled(
        _TIME, 7, 1, "1-2", *map(Decimal, ("23000.00", "1.00000", "-0.05")), "BNB", "maker", Decimal("0.5"), True
    ),
    messages.OrderCanceled(_TIME, 7, 1, "requested"),
    messages.OrderExpired(_TIME, 7, 1, "time in force: “now”"),
    messages.OrderUnknown(_TIME, 7, 1, "timed out after 0.8 s"),
    messages.MarketEnded(_TIME, 525_600),
    messages.SwitchFeatureGroup(_TIME, 7, "volume", False, "operator", "k1"),
    messages.SetTradingState(_TIME, 7, "reducing", "ema_cross", True, "operator", "k2"),
    messages.CancelOrder(_TIME, 7, 2, "operator", "k3"),
    messages.AmendOrder(_TIME, 7, 2, Decimal("22000.10"), None, Decimal("0.5"), "operator", "k4"),
    messages.CancelAllOrders(_TIME, 7, "ema_cross", "BTC/USDT", "operator", "k5"),
    messages.ChangeLimits(_TIME, 7, "ema_cross", _LIMITS, "operator", "k6"),
    notes.DaemonStarted(_TIME, 7, 3, "0.1.0", "12" * 32),
    notes.DaemonStopped(_TIME, 7, "SIGTERM", "keep", 2),
    notes.CandleGap(_TIME, 7, "BTC/USDT", _TIME - 180_000_000_000, _TIME - 120_000_000_000),
    notes.CandleRevised(_TIME, 7, *_CANDLE[1:]),
    notes.CandleDropped(_TIME, 7, "BTC/USDT", _TIME - 60_000_000_000, "late"),
    notes.FeedChanged(_TIME, 7, "BTC/USDT", "stale"),
    events.CandlesSkipped(_TIME, "ema_cross", 1, 26, {"target_unchanged": 1, "warming_up": 25}, "cd" * 32),
    events.DecisionMade(_TIME, "ema_cross", "BTC/USDT", 26, "ef" * 32, -1, 0.1, "01" * 32, Decimal("-1.0")),
    events.OrderRequested(_TIME, "ema_cross", "BTC/USDT", 26, 1, "sell", "market", Decimal("1E+2")),
    events.OrderRequested(
        _TIME, "ema_cross", "BTC/USDT", 26, 4, "sell", "stop_limit", Decimal("0.5"), purpose="stop",
        price=Decimal("22000.0"), trigger=Decimal("22050.5"), trail=Decimal("1.50"), trail_rate=Decimal("0.02"),
        time_in_force="gtd", expires_at=_TIME, post_only=True, reduce_only=True, parent=1, group=2, replaces=3,
        advance_at=Decimal(23500), advance_to=Decimal(23000),
    ),
    events.CancelRequested(_TIME, "ema_cross", "BTC/USDT", 1, "exit"),
    events.RiskRefused(_TIME, "ema_cross", "BTC/USDT", 26, Decimal(1), "below_one_lot", '0 < 1 \\ "lot"'),
    events.PositionChanged(
        _TIME, "ema_cross", "BTC/USDT", 1, *map(Decimal, ("-1", "-23000", "0E-18", "0.001")), "BNB",
        *map(Decimal, ("-1", "99416724.213590000")),
    ),
    events.EquityMarked(_TIME, "day", "USDT", Decimal("1.10"), Decimal("-0.5")),
    events.FeatureGroupSwitched(_TIME, "volume", False, True),
    events.ReportRefused(_TIME, 9, "OrderFilled", "more_than_was_ordered", True),
    events.TradingStateChanged(
        _TIME, "ema_cross", "BTC/USDT", "halted", "losing_streak", _TIME, "3 losing round trips in a row", True
    ),
    events.LimitsChanged(_TIME, "", _LIMITS, "operator"),
    events.CommandRefused(_TIME, "CancelOrder", "no_such_live_order", "9"),
]  # fmt: skip


def payload(value) -> bytes:
    with pinned():
        return encode(value)


def golden() -> dict[tuple[str, int], list[bytes]]:
    """By type and version: the payloads, byte by byte as they stand in the file."""
    found: dict[tuple[str, int], list[bytes]] = {}
    for line in GOLDEN.read_bytes().splitlines():
        told = json.loads(line)
        version = told["schema_version"]
        payloads = found.setdefault((told["payload"]["type"], version), [])
        payloads.append(line.removeprefix(_PREFIX % version).removesuffix(b"}"))
    return found


def add_missing_lines() -> None:
    there = golden() if GOLDEN.exists() else {}
    with GOLDEN.open("ab") as file:
        for example in EXAMPLES:
            version = example.schema_version
            if payload(example) not in there.get((type(example).__name__, version), ()):
                file.write(_PREFIX % version + payload(example) + b"}\n")


def test_there_is_an_example_of_every_type_and_a_line_of_every_example():
    """A line too many is that of a payload that has changed."""
    assert {type(example).__name__ for example in EXAMPLES} == set(TYPES)
    newest = {(name, schema_version(name)) for name in TYPES}
    lines = [payload for key, payloads in golden().items() if key in newest for payload in payloads]
    assert sorted(lines) == sorted(map(payload, EXAMPLES))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_golden_bytes(example):
    name = type(example).__name__
    (expected,) = (line for line in golden()[name, example.schema_version] if line == payload(example))
    assert decode(name, schema_version(name), expected) == example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_bytes_are_json_that_any_tool_can_read(example):
    told = json.loads(payload(example))
    brief = type(example).__struct_config__.omit_defaults
    stated = [f.name for f in fields(example) if not brief or getattr(example, f.name) != f.default]
    assert list(told) == ["type", *stated]
    assert told["type"] == type(example).__name__
    for name in stated:
        value = getattr(example, name)
        if isinstance(value, Decimal):
            assert told[name] == str(value), "money is text, digit by digit"


@given(st.sampled_from(list(TYPES.values())).flatmap(any_struct))
def test_whatever_is_written_is_read_back(value):
    name, text = type(value).__name__, payload(value)
    again = decode(name, schema_version(name), text)
    assert again == value
    assert payload(again) == text, "amounts keep their digits, not only their value"


@pytest.mark.parametrize(("name", "version"), [("CandleClosed", 0), ("OrderFilled", 2), ("OrderFiled", 1), ("", 1)])
def test_what_this_code_does_not_know_it_does_not_guess(name, version):
    with pytest.raises(UsageError, match=f"{name} in schema version {version}") as caught:
        decode(name, version, b"{}")
    assert caught.value.fix


if __name__ == "__main__":
    add_missing_lines()
