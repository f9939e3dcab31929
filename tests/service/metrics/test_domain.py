"""The domain fold: the same from any reading of a log, and of one mind with the kernel that wrote it."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.codec import decode, encode
from kernel.errors import CandledError, UsageError
from kernel.events import ReportRefused
from kernel.messages import OrderFilled, OrderRejected
from kernel.money import ZERO, add, pinned, total
from kernel.portfolio import is_priced
from kernel.risk.exposure import exposure
from kernel.risk.trading import SEVERITY
from kernel.skip import SkipReason
from service.metrics.collector import DomainMetrics
from service.metrics.domain import DomainFold
from service.metrics.families import STEPS
from service.metrics.tallies import OTHER, SERIES_MAX, WORD_MAX
from tests.service.drawn_setups import setups
from tests.service.metrics.lived import faults, lived


def folded(entries) -> DomainFold:
    fold = DomainFold()
    for entry in entries:
        fold.take(entry)
    fold.settle()
    return fold


def same(one: DomainFold, other: DomainFold) -> None:
    assert one.tallies == other.tallies
    assert one.state == other.state
    assert one.snapshot() == other.snapshot()


def read_back(entry):
    with pinned():
        return decode(type(entry).__name__, entry.schema_version, encode(entry))


runs = setups(markets=2, strategies_of=2, kinds=("cross", "breakout", "rotation", "rule"), history=True)


@settings(max_examples=60)
@given(runs, faults, st.data())
def test_the_fold_is_a_function_of_the_log_and_agrees_with_the_kernel(setup, faults, data):
    ran = lived(setup, faults)
    whole = folded(ran.entries)
    agrees(whole, ran)

    same(folded(map(read_back, ran.entries)), whole)

    cut = data.draw(st.integers(0, len(ran.entries)), "cut anywhere, in the middle of a turn too")
    first, second = DomainFold(), DomainFold()
    for entry in ran.entries[:cut]:
        first.take(entry)
    second.restore(first.snapshot())
    for entry in ran.entries[cut:]:
        second.take(entry)
    second.settle()
    same(second, whole)

    live, at = DomainMetrics(DomainFold()), 0
    for end in sorted({cut, *data.draw(st.lists(st.sampled_from(ran.turns)), "scrapes"), len(ran.entries)}):
        live.committed(at + 1, ran.entries[at:end])
        if end in ran.turns:
            assert list(live.collect())
        at = end
    live.committed(1, ran.entries[:7])  # told twice
    assert not live.broken
    same(live.fold, whole)


def agrees(fold: DomainFold, ran) -> None:
    """With what the kernel knows, and with a plain recount of the log."""
    own, theirs = fold.state, ran.kernel.state
    for name in ("ordinal", "markets", "ts", "equity", "peak", "opening_equity", "day_equity", "balances", "fees",
                 "orders", "ended", "halts", "quarantined", "opened", "ended_market"):  # fmt: skip
        assert getattr(own, name) == getattr(theirs, name), name
    for strategy, book in theirs.books.items():
        mine = fold.state.books[strategy]
        assert mine.round_trips == book.round_trips
        for symbol, position in book.positions.items():
            same_position = mine.positions[symbol]
            assert (same_position.quantity, same_position.cost) == (position.quantity, position.cost)
    counts, entries = fold.tallies.counts, ran.entries
    types = Counter(type(entry).__name__ for entry in entries)
    assert {name: times for (name,), times in counts["candled_records"].items() if times} == dict(types)
    realized = {}
    for entry in entries:
        if type(entry).__name__ == "PositionChanged":
            key = entry.strategy, entry.symbol
            realized[key] = add(realized.get(key, ZERO), entry.realized_profit)
    assert fold.tallies.amounts.get("candled_realized_profit", {}) == realized
    assert sum(counts["candled_fills"].values()) == types["PositionChanged"]
    assert sum(counts["candled_skipped_candles"].values()) == sum(
        sum(e.counts.values()) for e in entries if type(e).__name__ == "CandlesSkipped"
    )
    ends = counts["candled_ended_orders"].values()
    assert sum(ends) + len(theirs.orders) == theirs.orders_requested
    booked = [e for e, following in zip(entries, [*entries[1:], None], strict=True)
              if isinstance(e, OrderFilled) and not isinstance(following, ReportRefused)]  # fmt: skip
    assert total(iter(fold.tallies.amounts.get("candled_turnover", {}).values())) == sum(
        (e.price * e.quantity for e in booked), ZERO
    )


@settings(max_examples=10)
@given(runs, st.text(min_size=80, max_size=90), st.lists(st.text(), min_size=SERIES_MAX + 50, max_size=SERIES_MAX + 60))
def test_words_of_a_venue_make_so_many_series_and_no_more(setup, long, words):
    fold = folded(lived(setup).entries)
    for word in [long, *(f"{place} {word}" for place, word in enumerate(words))]:
        fold.tallies.count("candled_rejected_orders", "s0", word)
    series = fold.tallies.counts["candled_rejected_orders"]
    assert len(series) <= SERIES_MAX + 1
    assert series["s0", OTHER] > 40
    assert max(len(word) for _, word in series) <= WORD_MAX


@settings(max_examples=5)
@given(runs)
def test_a_log_that_contradicts_itself_stops_the_figures_and_nothing_else(setup):
    entries = lived(setup).entries
    metrics = DomainMetrics(DomainFold())
    forged = OrderRejected(entries[-1].ts, 0, 999_999, "of no order")
    metrics.committed(1, [*entries, forged])
    metrics.committed(len(entries) + 2, [forged])
    assert "999999" in metrics.broken
    metrics.committed(len(entries) + 2, [forged])
    assert metrics.fold.seq == len(entries) + 1
    shown = {m.name: m for m in metrics.collect()}
    assert [sample.value for sample in shown["candled_domain_metrics_broken"].samples] == [1]


def test_a_hole_in_what_it_is_told_is_found():
    metrics = DomainMetrics(DomainFold())
    metrics.committed(2, [])
    assert "from 2" in metrics.broken


@pytest.mark.parametrize("stranger", [b"", b"\x93\x01", msgspec.msgpack.encode((2, {}, b""))])
def test_a_snapshot_of_another_candled_is_refused(stranger):
    fold = DomainFold()
    with pytest.raises(UsageError, match="another candled"):
        fold.restore(stranger)
    assert fold.seq == 0
    assert issubclass(UsageError, CandledError)


@settings(max_examples=30)
@given(runs, faults)
def test_what_is_shown_is_what_the_kernel_would_say(setup, faults):
    ran = lived(setup, faults)
    state, figures = ran.kernel.state, {}
    metrics = DomainMetrics(DomainFold(), lambda: state.books)
    metrics.committed(1, ran.entries)
    for metric in metrics.collect():
        for sample in metric.samples:
            figures[sample.name, *sample.labels.values()] = sample.value
    for strategy, book in state.books.items():
        of_one = [figures["candled_open_skips", strategy, STEPS[reason.label], reason.label] for reason in SkipReason]
        assert sum(of_one) == len(book.fold)
        live = [order for order in state.orders.values() if order.request.strategy == strategy]
        shown = [value for name, value in figures.items() if name[:2] == ("candled_live_orders", strategy)]
        assert sum(shown) == len(live)
        halts = [SEVERITY[halt.state] for halt in state.halts if halt.strategy in ("", strategy) and not halt.symbol]
        assert figures["candled_strategy_trading_state", strategy] == max(halts, default=0)
        if is_priced(state):
            assert figures["candled_gross_exposure", strategy] == float(exposure(state, [strategy]).gross)
        for symbol, position in book.positions.items():
            quantity = figures.get(("candled_position_quantity", strategy, symbol), 0.0)
            assert quantity == float(position.quantity)
    for symbol, market in state.markets.items():
        if market.seen:
            assert figures["candled_last_price", symbol] == market.last / 100
            assert figures["candled_last_candle_timestamp_seconds", symbol] == market.ts / 1e9
    if state.opened:
        assert figures["candled_equity", "USDT"] == float(state.equity)
        assert figures["candled_drawdown_ratio",] == pytest.approx(1 - float(state.equity / state.peak))
    assert sum(value for name, value in figures.items() if name[0] == "candled_restrictions") == len(state.halts)
    assert len(figures) < 400, "so many, whatever happens"
