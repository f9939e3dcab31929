"""The bytes that are hashed: golden ones of every type, and the way back.

A golden line that changes is a log that no longer verifies: give the type a new schema version and keep the old line.
`python -m tests.kernel.test_codec` adds the lines of types that have none yet; it rewrites none.
"""

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import events, messages
from kernel.codec import EVENT_TYPES, MESSAGE_TYPES, decode, encode, schema_version
from kernel.errors import UsageError
from kernel.instrument import Instrument
from kernel.money import pinned

GOLDEN = Path(__file__).parent / "golden" / "payloads.jsonl"
TYPES = MESSAGE_TYPES | EVENT_TYPES
_PREFIX = b'{"schema_version":%d,"payload":'

_TIME = 1_655_128_800_000_000_000
_BTC = Instrument("BTC/USDT", "BTC", "USDT", 2, 5, *map(Decimal, ("0.01", "0.00001", "5", "0.001")))
_CANDLE = (_TIME, "BTC/USDT", _TIME - 60_000_000_000, 2_300_001, 2_310_000, 2_290_050, 2_300_000, 123_456)
EXAMPLES = [
    messages.CandleClosed(*_CANDLE),
    messages.WarmupCandle(*_CANDLE),
    messages.StreamOpened(_TIME, 0, "ab" * 32, "ema_cross", "USDT", Decimal("100000000.00"), (_BTC,)),
    messages.OrderAccepted(_TIME, 7, 1, "sim-1"),
    messages.OrderRejected(_TIME, 7, 1, "invalid_quantity"),
    messages.OrderFilled(_TIME, 7, 1, "1-1", *map(Decimal, ("23000.00", "1.00000", "2.3000000E+1")), "USDT"),
    messages.OrderCanceled(_TIME, 7, 1, "requested"),
    messages.OrderExpired(_TIME, 7, 1, "time in force: “now”"),
    messages.OrderUnknown(_TIME, 7, 1, "timed out after 0.8 s"),
    messages.MarketEnded(_TIME, 525_600),
    messages.SwitchFeatureGroup(_TIME, 7, "volume", False),
    events.CandlesSkipped(_TIME, "ema_cross", 1, 26, {"target_unchanged": 1, "warming_up": 25}, "cd" * 32),
    events.DecisionMade(_TIME, "ema_cross", "BTC/USDT", 26, "ef" * 32, -1, 0.1, "01" * 32, Decimal("-1.0")),
    events.OrderRequested(_TIME, "ema_cross", "BTC/USDT", 26, 1, "sell", "market", Decimal("1E+2")),
    events.CancelRequested(_TIME, "ema_cross", "BTC/USDT", 1),
    events.RiskRefused(_TIME, "ema_cross", "BTC/USDT", 26, Decimal(1), "below_one_lot", '0 < 1 \\ "lot"'),
    events.PositionChanged(
        _TIME, "ema_cross", "BTC/USDT", 1, *map(Decimal, ("-1", "-23000", "0E-18", "0.001")), "BNB",
        *map(Decimal, ("-1", "99416724.213590000")),
    ),
    events.EquityMarked(_TIME, "day", "USDT", Decimal("1.10"), Decimal("-0.5")),
    events.FeatureGroupSwitched(_TIME, "volume", False, True),
    events.ReportRefused(_TIME, 9, "OrderFilled", "no_such_live_order"),
]  # fmt: skip


def payload(value) -> bytes:
    with pinned():
        return encode(value)


def golden() -> dict[tuple[str, int], bytes]:
    """By type and version: the payload, byte by byte as it stands in the file."""
    found = {}
    for line in GOLDEN.read_bytes().splitlines():
        told = json.loads(line)
        version = told["schema_version"]
        found[told["payload"]["type"], version] = line.removeprefix(_PREFIX % version).removesuffix(b"}")
    return found


def add_missing_lines() -> None:
    there = golden() if GOLDEN.exists() else {}
    with GOLDEN.open("ab") as file:
        for example in EXAMPLES:
            version = example.schema_version
            if (type(example).__name__, version) not in there:
                file.write(_PREFIX % version + payload(example) + b"}\n")


def test_there_is_one_example_of_every_type():
    assert sorted(type(example).__name__ for example in EXAMPLES) == sorted(TYPES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_golden_bytes(example):
    name = type(example).__name__
    expected = golden()[name, example.schema_version]
    assert payload(example) == expected
    assert decode(name, schema_version(name), expected) == example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_bytes_are_json_that_any_tool_can_read(example):
    told = json.loads(payload(example))
    assert list(told) == ["type", *type(example).__struct_fields__]
    assert told["type"] == type(example).__name__
    for name in type(example).__struct_fields__:
        value = getattr(example, name)
        if isinstance(value, Decimal):
            assert told[name] == str(value), "money is text, digit by digit"


names = st.text(max_size=12)
money = st.decimals(allow_nan=False, allow_infinity=False)
integers = st.integers(-(2**70), 2**70)


def filled(kind: type[msgspec.Struct]) -> st.SearchStrategy[msgspec.Struct]:
    """Any value of a message or event type: strategies by the types of its fields."""
    by_type = {int: integers, str: names, Decimal: money, float: st.floats(allow_nan=False, allow_infinity=False)}
    by_type[bool] = st.booleans()
    by_type[dict[str, int]] = st.dictionaries(names, integers)
    by_type[tuple[Instrument, ...]] = st.lists(st.deferred(lambda: filled(Instrument)), max_size=2).map(tuple)
    chosen = {
        f.name: by_type[f.type] if f.type in by_type else st.sampled_from(f.type.__args__)
        for f in msgspec.structs.fields(kind)
    }
    return st.builds(kind, **chosen)


@given(st.sampled_from(list(TYPES.values())).flatmap(filled))
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
