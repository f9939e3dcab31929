"""A key makes a command one: given again it is the same one, wherever that was; for another it is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.errors import UsageError
from kernel.limits import Limits
from kernel.messages import AmendOrder, CancelAllOrders, CancelOrder, ChangeLimits, SetTradingState, SwitchFeatureGroup
from service.daemon import keys
from service.daemon.keys import KnownKeys
from tests.kernel.given import LONG_AT, candles
from tests.service.daemon.effort import examples

COMMANDS = [
    SetTradingState(0, 0, "halted", "", flatten=True, actor="someone"),
    SetTradingState(0, 0, "halted", "", flatten=False, actor="someone"),
    CancelAllOrders(0, 0, "", "", "someone"),
    CancelOrder(0, 0, 1, "someone"),
    AmendOrder(0, 0, 1, Decimal(5), None, None, "someone"),
    ChangeLimits(0, 0, "", Limits(max_position=Decimal(3)), "someone"),
    SwitchFeatureGroup(0, 0, "group", enabled=False),
]  # fmt: skip
given_often = st.lists(st.tuples(st.sampled_from(COMMANDS), st.sampled_from(["", "a", "b", "c"])), max_size=12)


@examples(100)
@given(given_often, st.integers(0, 12))
def test_a_key_stands_for_the_first_command_that_had_it(drawn, restart):
    """Against a dictionary; at some time what is known is kept and read again."""
    known, first = KnownKeys(), {}
    for seq, (command, key) in enumerate(drawn, 1):
        if seq == restart:
            kept, known = known.snapshot(), KnownKeys()
            known.restore(kept)
        wish = replace(command, key=key)
        if not key or key not in first:
            assert known.seq_of(wish) is None
            turned = replace(wish, ts=seq * 7, after=seq)
            known.fold(seq - 1, [*candles([LONG_AT]), turned])
            first[key] = (seq, command)
        elif first[key][1] == command:
            assert known.seq_of(wish) == first[key][0]
        else:
            with pytest.raises(UsageError, match=f"the key {key} was used for another command"):
                known.seq_of(wish)


def test_the_oldest_keys_are_forgotten(monkeypatch):
    monkeypatch.setattr(keys, "_KEPT", 3)
    known = KnownKeys()
    wishes = [CancelAllOrders(0, 0, "", "", "someone", f"k{number}") for number in range(5)]
    known.fold(1, wishes)
    assert [known.seq_of(wish) for wish in wishes] == [None, None, 3, 4, 5]
