"""What was recorded, turned again: the dataset's candles and the log's messages give the same events and state."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.codec import EVENT_TYPES
from kernel.kernel import Kernel
from kernel.messages import MarketEnded, OrderAccepted
from kernel.models.rule import PythonRule
from kernel.replay import in_processing_order
from tests.kernel.busy import FREE, STRICT, busy_kernel, busy_run
from tests.kernel.drawn import markets
from tests.kernel.given import (
    BTC,
    CROSS,
    ETH,
    OBEDIENT,
    REVERSION,
    blueprint,
    candles,
    instrument,
    run,
    strategy,
    turned,
)  # fmt: skip

SOL = instrument("SOL/USDT")
STRATEGIES = [OBEDIENT, CROSS, REVERSION, strategy(PythonRule("given.py:Forgetful"))]


@pytest.mark.parametrize("fill", ["same_close", "next_open"])
@given(markets(ETH, SOL, BTC), st.sampled_from(STRATEGIES))
def test_a_replay_derives_what_was_derived(fill, market, of):
    instruments = (ETH, SOL, BTC)
    recorded = run(of, market, *instruments, fill=fill)
    entries = recorded.entries
    logged = [entry for entry in entries if hasattr(entry, "after")]
    derived = [entry for entry in entries if type(entry).__name__ in EVENT_TYPES]
    assert len(logged) + len(derived) == len(entries)

    kernel = Kernel(blueprint(of, instruments))
    assert turned(kernel, in_processing_order(market, logged)) == derived
    assert kernel.fingerprint() == recorded.kernel.fingerprint()


@pytest.mark.parametrize("risk", [STRICT, FREE], ids=["strict", "free"])
@given(markets(ETH, BTC), st.sampled_from(["same_close", "next_open"]))
def test_a_replay_of_brackets_halts_and_several_strategies_does_too(risk, market, fill):
    fed, recorded = busy_run(market, ETH, BTC, risk=risk, fill=fill)
    logged = [entry for entry in recorded.entries if hasattr(entry, "after")]
    kernel = busy_kernel((ETH, BTC), risk)
    derived = turned(kernel, in_processing_order(fed, logged))
    assert derived == [entry for entry in recorded.entries if type(entry).__name__ in EVENT_TYPES]
    assert kernel.fingerprint() == recorded.kernel.fingerprint()


@given(markets(BTC, ETH), st.sampled_from(STRATEGIES), st.sampled_from(["same_close", "next_open"]))
def test_a_run_is_a_function_of_its_market(market, of, fill):
    first, second = (run(of, market, BTC, ETH, fill=fill) for _ in range(2))
    assert (first.records, first.digest) == (second.records, second.digest)


def test_logged_messages_stand_where_they_stood():
    market = candles([500_00, 500_01])
    logged = [OrderAccepted(0, after, 1, str(after)) for after in (0, 0, 1, 2)] + [MarketEnded(0, 2)]
    a, b, c, d, end = logged
    assert list(in_processing_order(market, logged)) == [a, b, market[0], c, market[1], d, end]
    assert list(in_processing_order([], logged[:2])) == [a, b]
    assert list(in_processing_order(market, [])) == market


@given(st.lists(st.integers(0, 5), max_size=8).map(sorted))
def test_no_message_is_lost_and_none_overtakes_another(places):
    market = candles([500_00 + n for n in range(5)])
    logged = [OrderAccepted(n, after, n, "v") for n, after in enumerate(places)]
    merged = list(in_processing_order(market, logged))
    assert [m for m in merged if m in market] == market
    assert [m for m in merged if m in logged] == logged
    for message in logged:
        assert sum(m in market for m in merged[: merged.index(message)]) == message.after
