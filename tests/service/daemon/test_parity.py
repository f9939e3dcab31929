"""The daemon decides as a backtest: its log, without market and notes, is the backtest's, whatever is run."""

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.daemon import trader
from service.loop import run
from tests.service.both_ways import stepped
from tests.service.daemon.effort import examples
from tests.service.daemon.lives import MARKET, NOTES, Life
from tests.service.daemon.memory_log import MemoryLog
from tests.service.daemon.undisturbed import assert_undisturbed, decisions
from tests.service.drawn_setups import detailed, quiet_setups, setups
from venues import recorded_feed

KINDS = {
    "one market": setups(),
    "several of both": setups(markets=3, strategies_of=2, history=True),
    "rotation": setups(markets=3, strategies_of=2, kinds=("rotation",), history=True),
    "finer candles": detailed(),
    "quiet": quiet_setups(),
}


def assert_parity(setup, life, log):
    backtest = stepped(setup)
    run(life.live(log))
    left = [(r.type, r.payload) for r in log.all if r.type not in _LEFT_OUT]
    assert left == [(r.type, r.payload) for r in backtest.records]
    assert decisions(log.entries) == backtest.digest
    assert [entry for entry in log.entries if entry.__class__ in MARKET] == setup.stream
    assert_undisturbed(setup, log)


_LEFT_OUT = frozenset(t.__name__ for t in MARKET | NOTES)


@pytest.mark.parametrize("kind", KINDS)
def test_the_daemon_logs_what_a_backtest_logs(kind):
    @examples(25)
    @given(KINDS[kind])
    def holds(setup):
        assert_parity(setup, Life(setup, restless=False), MemoryLog())

    holds()


@examples(25)
@given(
    st.one_of(KINDS["several of both"], KINDS["rotation"]),
    st.integers(1, 40), st.integers(1, 40), st.booleans(), st.integers(0, 3),
)  # fmt: skip
def test_however_the_market_is_cut_and_the_log_written(setup, piece, at_once, restless, slow):
    with patch.object(recorded_feed, "_BATCH", piece), patch.object(trader, "_AT_ONCE", at_once):
        assert_parity(setup, Life(setup, restless=restless), MemoryLog(slow=slow))


@examples(5)
@given(KINDS["several of both"])
def test_at_the_clocks_pace_too(setup):
    """60 market minutes pass in 36 ms."""
    assert_parity(setup, Life(setup, speed=100_000.0), MemoryLog())
