"""Markets that hypothesis draws, and messages. An obedient rule finds a wish in a good part of the markets' closes."""

from decimal import Decimal
from typing import Literal, get_args, get_origin

import msgspec
from hypothesis import strategies as st
from msgspec.structs import fields

from kernel.instrument import Instrument
from kernel.limits import Limits
from kernel.messages import MarketMessage
from tests.kernel.given import MINUTE, candles, merged

# Half of the prices come from a few, so that averages cross, returns are zero, and wishes change at every other candle.
prices = st.one_of(st.integers(500_00, 600_00), st.sampled_from([500_01, 500_02, 500_07, 550_01, 550_02]))
walks = st.lists(prices, max_size=60)


@st.composite
def markets(draw, *instruments: Instrument) -> list[MarketMessage]:
    """Candles of one market or several, merged; each has its own start, so that some begin later than others."""
    starts = [draw(st.integers(0, 3)) * MINUTE for _ in instruments]
    return merged(*(candles(draw(walks), of=i, start=s) for i, s in zip(instruments, starts, strict=True)))


names = st.text(max_size=12)
money = st.decimals(allow_nan=False, allow_infinity=False)
integers = st.integers(-(2**70), 2**70)
_LIMITS = {
    Decimal: st.decimals(min_value=0, allow_nan=False, allow_infinity=False),
    int: st.integers(0, 2**70),
    type(None): st.none(),
}


def any_of(kind) -> st.SearchStrategy:
    """Any value of a field's type."""
    plain = {int: integers, str: names, Decimal: money, bool: st.booleans(), type(None): st.none()}
    plain[float] = st.floats(allow_nan=False, allow_infinity=False)
    if kind in plain:
        return plain[kind]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return st.deferred(lambda: any_struct(kind))
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is dict:
        return st.dictionaries(any_of(parts[0]), any_of(parts[1]), max_size=3)
    return st.lists(any_of(parts[0]), max_size=2).map(tuple) if origin is tuple else st.one_of(*map(any_of, parts))


def any_struct(kind: type[msgspec.Struct]) -> st.SearchStrategy[msgspec.Struct]:
    """Any value of a message or event type: strategies by the types of its fields. No limit is below zero."""
    if kind is Limits:
        each = {f.name: st.one_of(*(_LIMITS[part] for part in get_args(f.type))) for f in fields(Limits)}
        return st.builds(Limits, **each)
    return st.builds(kind, **{f.name: any_of(f.type) for f in fields(kind)})
