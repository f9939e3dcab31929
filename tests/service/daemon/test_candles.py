"""The candle rules: over a feed with faults the kernel gets every candle once and in order, or is told why not."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.messages import CandleClosed, InstantClosed, WarmupCandle
from kernel.notes import CandleDropped, CandleGap, CandleRevised, Note
from kernel.state import Market
from kernel.timeframe import timeframe_ns
from service.daemon.candles import CandleRules
from service.daemon.clock import VirtualClock
from service.loop import run
from tests.kernel.given import MINUTE
from tests.service.daemon.faulty_feed import Faults, FaultyFeed
from tests.venues.test_historical import stored
from venues.historical import HistoricalFeeder
from venues.recorded_feed import RecordedFeed

A, B = "A/USDT", "B/USDT"
NOTES = Note.__args__
WARM = 40 * MINUTE


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Minutes of two markets, five minutes of a third: no holes."""
    home = tmp_path_factory.mktemp("whole")
    return [
        stored(home, A, "1m", range(180)),
        stored(home, B, "1m", range(20, 180)),
        stored(home, "C/USDT", "5m", range(36)),
    ]


@pytest.fixture(scope="module")
def holed(tmp_path_factory):
    """Minutes with holes, minutes with longer ones, hours that end early."""
    home = tmp_path_factory.mktemp("holed")
    return [
        stored(home, A, "1m", [n for n in range(180) if n % 7]),
        stored(home, B, "1m", [n for n in range(10, 170) if n % 50 > 20]),
        stored(home, "C/USDT", "1h", range(2)),
    ]


def lengths_of(datasets):
    return {d.manifest.symbol: timeframe_ns(d.manifest.timeframe) for d in datasets}


async def judged(feed, rules):
    out = []
    async for batch in feed.batches():
        out += await rules.admit(batch)
    return [*out, *await rules.finish()]


def played(datasets, *, first_ns=None, instants=False, faults=None, seed=0):
    """What the rules make of a recorded market, the stream itself, and the faulty feed, if any."""
    feeder = HistoricalFeeder(datasets, first_ns=first_ns, instants=instants)
    feed = RecordedFeed(feeder, datasets, VirtualClock(0))
    if faults is not None:
        feed = FaultyFeed(feed, seed, faults)
    rules = CandleRules(lengths_of(datasets), feed, known={}, first_ns=first_ns, instants=instants)
    return run(judged(feed, rules)), list(feeder.messages()), feed


def market_of(out):
    return [message for message in out if not isinstance(message, NOTES)]


def candles_of(out):
    return [message for message in out if isinstance(message, CandleClosed)]


def missing_of(out, lengths):
    """Every place that a CandleGap names, as often as it is named."""
    return Counter(
        (gap.symbol, opened)
        for gap in out
        if isinstance(gap, CandleGap)
        for opened in range(gap.first, gap.last + 1, lengths[gap.symbol])
    )


def places(candles):
    return {(candle.symbol, candle.open_time) for candle in candles}


def told(messages):
    """With their types: a struct equals one of a subclass."""
    return [(type(message), message) for message in messages]


windows = st.sampled_from([None, WARM])
seeds = st.integers(0, 2**32)
some = settings(max_examples=40)


@pytest.mark.parametrize("instants", [False, True])
@pytest.mark.parametrize("first_ns", [None, WARM])
def test_a_recorded_market_is_left_as_it_is_and_its_holes_are_told(holed, first_ns, instants):
    out, stream, _ = played(holed, first_ns=first_ns, instants=instants)
    assert told(market_of(out)) == told(stream)
    assert {type(note) for note in out if isinstance(note, NOTES)} == {CandleGap}
    lengths = lengths_of(holed)
    here, last = places(candles_of(stream)), max(message.ts for message in stream)
    begins = {s: min(opened for symbol, opened in here if symbol == s) for s in lengths}
    expected = {(s, n) for s, step in lengths.items() for n in range(begins[s], last - step + 1, step)} - here
    assert expected
    assert missing_of(out, lengths) == Counter(expected)


@some
@given(seeds, windows, st.booleans(), st.sampled_from([1, 2, 3]))
def test_what_the_history_knows_leaves_no_trace(whole, seed, first_ns, instants, count):
    """What comes out is the recorded stream from each market's first candle on, whatever the feed did to it.

    Within an instant the order is that of arrival.
    """
    out, stream, _ = played(whole[:count], first_ns=first_ns, instants=instants, faults=Faults(), seed=seed)
    known, symbols = market_of(out), list(lengths_of(whole))
    newest = max(message.ts for message in known)
    begins = {s: min(c.open_time for c in candles_of(known) if c.symbol == s) for s in symbols[:count]}
    expected = [m for m in stream if m.ts <= newest and (type(m) is InstantClosed or m.open_time >= begins[m.symbol])]

    def in_order(message):
        return (message.ts, len(symbols) if type(message) is InstantClosed else symbols.index(message.symbol))

    assert told(sorted(known, key=in_order)) == told(expected)


@some
@given(seeds, windows, st.booleans(), st.sampled_from([1, 2, 3]), st.booleans())
def test_every_candle_comes_once_and_in_order_or_a_note_says_why_not(
    whole, holed, seed, first_ns, instants, count, has_holes
):
    datasets = (holed if has_holes else whole)[:count]
    faults = Faults(forgotten=0.5)
    out, stream, feed = played(datasets, first_ns=first_ns, instants=instants, faults=faults, seed=seed)
    lengths = lengths_of(datasets)
    candles, true = candles_of(out), {(c.symbol, c.open_time): c for c in candles_of(stream)}
    for candle in candles:
        assert told([candle]) == told([true[candle.symbol, candle.open_time]])
    for symbol in lengths:
        opens = [candle.open_time for candle in candles if candle.symbol == symbol]
        assert opens == sorted(set(opens))
    times = [(message.ts, type(message) is InstantClosed) for message in market_of(out)]
    assert times == sorted(times)
    assert len([end for end in times if end[1]]) == len({end for end in times if end[1]})

    missing, newest = missing_of(out, lengths), max(message.ts for message in market_of(out))
    assert not places(candles) & missing.keys()
    assert set(missing.values()) <= {1}
    begins = dict.fromkeys(lengths, newest if first_ns is None else first_ns)
    begins |= {s: min([c.open_time for c in candles if c.symbol == s] + [begins[s]]) for s in lengths}
    expected = {
        (s, n) for s, step in lengths.items() for n in range(-(-begins[s] // step) * step, newest - step + 1, step)
    }
    assert expected == places(candles) | missing.keys()


@some
@given(seeds, st.booleans())
def test_what_is_not_used_has_a_note_each(whole, seed, instants):
    faults = Faults(forgotten=0.3)
    out, _, feed = played(whole, instants=instants, faults=faults, seed=seed)
    used = {id(message) for message in out}
    unused = [m for m in feed.given if not isinstance(m, InstantClosed) and id(m) not in used]
    notes = [note for note in out if isinstance(note, CandleDropped | CandleRevised)]
    assert Counter((c.symbol, c.open_time) for c in unused) == Counter((n.symbol, n.open_time) for n in notes)


@some
@given(st.integers(0, 10_000), st.booleans())
def test_a_stream_that_goes_on_is_judged_as_if_it_had_not_stopped(holed, cut, instants):
    full, stream, _ = played(holed, first_ns=WARM, instants=instants)
    feeder, lengths = HistoricalFeeder(holed, first_ns=WARM, instants=instants), lengths_of(holed)
    cut %= len(stream)
    known = {d.manifest.symbol: Market(None) for d in holed}
    for candle in candles_of(stream[:cut]):
        market = known[candle.symbol]
        market.open_time, market.ts, market.last = candle.open_time, candle.ts, candle.close
    feed = RecordedFeed(feeder, holed, VirtualClock(0), skip=cut)
    rest = run(judged(feed, CandleRules(lengths, feed, known=known, first_ns=WARM, instants=instants)))
    last = full.index(stream[cut - 1]) if cut else -1
    assert told(rest) == told(full[last + 1 :])


def candle(minute, symbol=A, close=1000, **other):
    """A candle of a minute that opens and closes at the same price."""
    made = CandleClosed((minute + 1) * MINUTE, symbol, minute * MINUTE, close, close + 1, close - 1, close, 5)
    return replace(made, **other)


class History:
    """A feed of which only the history is asked: it knows these candles."""

    def __init__(self, *candles):
        self.candles = candles
        self.asked = []

    async def backfill(self, holes):
        self.asked += holes
        return [c for c in self.candles for h in holes if c.symbol == h.symbol and h.first <= c.open_time <= h.last]


class Talkative(History):
    """It answers with all it knows, whatever it is asked."""

    async def backfill(self, holes):
        self.asked += holes
        return self.candles


def ruled(*batch, knows=(), markets=(A,), kind=History, **settings):
    history = kind(*knows)
    rules = CandleRules(dict.fromkeys(markets, MINUTE), history, known=settings.pop("known", {}), **settings)
    return list(run(rules.admit(batch))), history.asked


def gap(first, last, symbol=A):
    return CandleGap(0, 0, symbol, first * MINUTE, last * MINUTE)


def drop(candle, reason):
    return CandleDropped(0, 0, candle.symbol, candle.open_time, reason)


def test_again_with_the_same_numbers_is_a_duplicate_and_with_others_a_revision_and_older_is_late():
    one, two = candle(1), candle(2, close=1100)
    revised = candle(2, close=1101)
    out, _ = ruled(one, one, two, two, revised, one)
    revision = CandleRevised(0, 0, A, 2 * MINUTE, 1101, 1102, 1100, 1101, 5)
    assert out == [one, drop(one, "duplicate"), two, drop(two, "duplicate"), revision, drop(one, "late")]


def test_after_a_restart_the_close_tells_whether_the_newest_candle_comes_again():
    market = Market(None, open_time=MINUTE, ts=2 * MINUTE, last=1000)
    same, other = candle(1, volume=6), candle(1, close=1001)
    out, _ = ruled(same, other, known={A: market})
    assert out[0] == drop(same, "duplicate")
    assert type(out[1]) is CandleRevised


@pytest.mark.parametrize(
    "other",
    [
        {"high": 998}, {"low": 1001}, {"close": 1002}, {"close": 998}, {"open": 1002}, {"open": 998}, {"low": 0},
        {"low": -1}, {"volume": -1}, {"ts": 3 * MINUTE + 1}, {"ts": 2 * MINUTE}, {"open_time": 2 * MINUTE - 1},
        {"open_time": 2 * MINUTE - 1, "ts": 3 * MINUTE - 1}, {"symbol": "DOGE/USDT"},
    ],
)  # fmt: skip
def test_what_is_no_candle_is_unusable_and_the_history_is_asked_for_a_better_one(other):
    first, broken, true, after = candle(1), replace(candle(2), **other), candle(2), candle(3)
    out, asked = ruled(first, broken, after, knows=[true])
    assert out == [first, drop(broken, "unusable"), true, after]
    assert [(hole.first, hole.last) for hole in asked] == [(2 * MINUTE, 2 * MINUTE)]
    out, _ = ruled(first, broken, after)
    assert out == [first, drop(broken, "unusable"), gap(2, 2), after]


@pytest.mark.parametrize("prices", [(1000, 10_001, 999), (1000, 1001, 99), (10_011, 10_012, 10_010), (90, 91, 89)])
def test_a_price_beyond_ten_times_the_last_close_is_believed_when_the_history_says_the_same(prices):
    price, high, low = prices
    first, strange = candle(1), candle(2, open=price, high=high, low=low, close=price)
    assert ruled(first, strange)[0] == [first, drop(strange, "unusable")]
    assert ruled(first, strange, knows=[candle(2)])[0] == [first, drop(strange, "unusable")]
    assert ruled(first, strange, knows=[strange])[0] == [first, strange]
    after = candle(3, close=price)
    assert ruled(first, strange, after, knows=[strange])[0] == [first, strange, after], (
        "the next one is nothing strange"
    )


@pytest.mark.parametrize("prices", [(1000, 10_000, 100), (5000, 9999, 101)])
def test_a_price_within_ten_times_the_last_close_is_taken_without_a_question(prices):
    price, high, low = prices
    wide = candle(2, open=price, high=high, low=low, close=price)
    assert ruled(candle(1), wide) == ([candle(1), wide], [])


def test_only_what_was_asked_for_is_heard():
    first, strange, last = candle(1), candle(2, close=90_000), candle(4)
    others = [
        replace(strange, open_time=7 * MINUTE, ts=8 * MINUTE),
        candle(1, close=1200),
        candle(3, "DOGE/USDT"),
        candle(4),
    ]
    assert ruled(first, strange, knows=others, kind=Talkative)[0] == [first, drop(strange, "unusable")]
    assert ruled(first, last, knows=others, kind=Talkative)[0] == [first, gap(2, 3), last]


def test_after_a_restart_a_market_that_was_behind_goes_on_in_the_time_of_the_others():
    known = {A: Market(None, open_time=4 * MINUTE, ts=5 * MINUTE, last=1000)}
    known[B] = Market(None, open_time=2 * MINUTE, ts=3 * MINUTE, last=1000)
    late, in_time = candle(3, B), candle(4, B)
    assert ruled(late, known=known, markets=(A, B))[0] == [drop(late, "late")]
    out, _ = ruled(candle(5), candle(5, B), known=known, markets=(A, B), knows=[late, in_time])
    assert out == [gap(3, 3, B), in_time, candle(5), candle(5, B)]


def test_a_time_far_ahead_is_believed_when_the_history_says_the_same():
    first, near, far = candle(1), candle(1001), candle(1003)
    assert ruled(first, near)[0] == [first, gap(2, 1000), near]
    assert ruled(first, far, candle(2))[0] == [first, drop(far, "unusable"), candle(2)]
    assert ruled(first, far, knows=[far])[0] == [first, gap(2, 1002), far]


def test_what_the_history_has_comes_in_order_and_the_rest_is_a_gap():
    first, last = candle(1), candle(9)
    known = [candle(5, close=1050), candle(3), candle(3, close=7), candle(6, high=1), candle(7), candle(12)]
    out, asked = ruled(first, last, knows=known)
    bad = drop(known[3], "unusable")
    assert out == [
        first,
        bad,
        gap(2, 2),
        candle(3),
        gap(4, 4),
        candle(5, close=1050),
        gap(6, 6),
        candle(7),
        gap(8, 8),
        last,
    ]
    assert [(hole.first, hole.last) for hole in asked] == [(2 * MINUTE, 8 * MINUTE)]


def test_a_market_is_asked_for_before_the_others_pass_it_and_what_comes_later_is_late():
    """Markets A and B; B's second candle is lost on its way, and comes when A has gone on."""
    lost = candle(2, B)
    batch = [candle(1), candle(1, B), candle(2), candle(3), lost, candle(3, B)]
    both = (A, B)
    out, asked = ruled(*batch, markets=both, knows=[lost])
    assert out == [*batch[:3], lost, candle(3), drop(lost, "duplicate"), candle(3, B)]
    assert len(asked) == 1
    out, _ = ruled(*batch, markets=both)
    assert out == [*batch[:4], drop(lost, "late"), gap(2, 2, B), candle(3, B)]


def test_a_market_that_stays_away_is_not_asked_for_for_ever():
    batch = [candle(1), candle(1, B), *(candle(n) for n in range(2, 60)), candle(59, B)]
    out, asked = ruled(*batch, markets=(A, B))
    assert out == [*batch[:-1], gap(2, 58, B), batch[-1]]
    assert [hole.last // MINUTE for hole in asked] == list(range(2, 13))
    assert {hole.first for hole in asked} == {hole.last for hole in asked}, "each candle once"


def test_an_outage_of_every_market_is_filled_in_the_order_of_the_run():
    first = [candle(0), candle(0, B), InstantClosed(MINUTE), candle(1), candle(1, B)]
    lost = [candle(n, s) for n in (2, 3) for s in (A, B)]
    out, _ = ruled(*first, candle(4, B), markets=(A, B), knows=lost[::-1], instants=True)
    ends = [InstantClosed(n * MINUTE) for n in (2, 3, 4)]
    assert out == [*first, ends[0], *lost[:2], ends[1], *lost[2:], ends[2], candle(4, B)]


def test_the_end_of_an_instant_waits_for_its_candles_and_is_told_once():
    end, late = InstantClosed(2 * MINUTE), candle(1, B)
    out, _ = ruled(candle(1), end, late, end, markets=(A, B), instants=True, first_ns=MINUTE)
    assert out == [candle(1), end, drop(late, "late")]
    out, _ = ruled(candle(1), end, late, end, markets=(A, B), knows=[late], instants=True, first_ns=MINUTE)
    assert out == [candle(1), late, end, drop(late, "duplicate")]


def test_history_before_the_window_is_warm_up_and_the_window_is_missed_from_its_beginning():
    known = [candle(n) for n in range(2, 7)]
    warm = WarmupCandle(2 * MINUTE, A, MINUTE, 1000, 1001, 999, 1000, 5)
    out, _ = ruled(warm, candle(7), knows=known, first_ns=4 * MINUTE)
    assert [(type(c), c.open_time // MINUTE) for c in out] == [
        *((WarmupCandle, n) for n in (1, 2, 3)), *((CandleClosed, n) for n in (4, 5, 6, 7))
    ]  # fmt: skip
    assert ruled(candle(7), first_ns=4 * MINUTE - 1)[0] == [gap(4, 6), candle(7)]
    assert ruled(candle(7))[0] == [candle(7)]
