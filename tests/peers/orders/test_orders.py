"""The same orders through other engines: their fills, checked in, beside those that candled makes now.

`make peers-orders` runs the engines; here only candled does. Every fill is theirs, or differs by a name that stands
beside it, which the candles must earn anew.
"""

import re
from pathlib import Path

import pytest
from orders_cases import Case, Episode, Fill, Run, by_episode, episodes
from orders_market import MARKETS, Candle, units
from orders_on_candled import trade
from orders_reasons import REASONS, reason
from orders_record import ENGINES, read, table, text
from orders_runs import RUNS

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "peers-orders.md"
RECORDED = {engine: read(HERE / f"{engine}.txt")[1] for engine in ENGINES}


@pytest.fixture(scope="module")
def markets(shared_data):
    return {name: market.read(shared_data / "candles") for name, market in MARKETS.items()}


def filled(row, written):
    """The fills that a line has written."""
    fills = []
    for word in written.split() if written != "nothing" else ():
        place, _, price = word.partition("@")
        sign = "+" if "+" in place else "-"
        after, _, quantity = place.partition(sign)
        fills.append(Fill(row + int(after), int(sign + quantity), units(price)))
    return fills


@pytest.mark.parametrize("run", RUNS, ids=[f"{run.engine}: {run.name}" for run in RUNS])
def test_candled_fills_as_the_peer_did_but_for_the_differences_that_have_a_name(markets, run):
    candles = markets[run.market.name]
    plan = episodes(run.case, run.market, candles)
    made = by_episode(plan, trade(run, candles, plan))
    recorded = RECORDED[run.engine][run.name]
    assert list(recorded) == [episode.row for episode in plan]
    for episode in plan:
        line, ours = recorded[episode.row], made[episode.row]
        assert (text(episode.row, ours) or "nothing") == (line.ours or line.theirs or "nothing"), episode
        assert reason(run, episode, candles, ours, filled(episode.row, line.theirs)) == line.reason, episode


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_checked_in_is_small_and_written_as_it_is_read(engine):
    path = HERE / f"{engine}.txt"
    for recorded in read(path)[1].values():
        for row, line in recorded.items():
            assert text(row, filled(row, line.theirs)) == line.theirs
    assert sum(p.stat().st_size for p in HERE.glob("*.txt")) < 300_000


@pytest.mark.parametrize("engine", ENGINES)
def test_every_name_is_met_and_explained(engine):
    known = {name.__name__ for key, names in REASONS.items() if key.startswith(engine) for name in names}
    lines = [line for recorded in RECORDED[engine].values() for line in recorded.values()]
    assert {name for line in lines for name in line.reason.split("+") if name} == known
    page = PAGE.read_text()
    assert [name for name in known if not re.search(rf"\*\*`{name}`\*\* \([^)]*{ENGINES[engine]}", page)] == []


def test_the_page_has_the_table_of_what_is_checked_in():
    lines = [line for runs in RECORDED.values() for recorded in runs.values() for line in recorded.values()]
    alike = sum(not line.reason for line in lines)
    page = PAGE.read_text()
    assert table(RECORDED) in page
    assert f"{len(lines):,} episodes, {alike:,} of them alike." in page


LONG = Episode(1, 4, "buy", 0, 0, stop=90_00, target=110_00)
BRACKET = Run("backtesting", Case("bracket", stop_ppm=1, target_ppm=1), MARKETS["btc-minutes"], "same_close", "worst")
ENTRY = Fill(1, 2, 100_00)


def sold(row, price):
    return [ENTRY, Fill(row, -2, price)]


@pytest.mark.parametrize(
    ("candle", "ours", "theirs"),
    [
        pytest.param((100_00, 109_00, 95_00, 96_00), (4, 96_00), (2, 110_00), id="a limit that was not even touched"),
        pytest.param((100_00, 112_00, 95_00, 96_00), (2, 110_00), (2, 112_00), id="a better price than the limit"),
        pytest.param((100_00, 112_00, 88_00, 96_00), (2, 90_00), (2, 110_00), id="the other way through a candle"),
    ],
)
def test_a_difference_that_the_candles_do_not_explain_is_an_error(candle, ours, theirs):
    flat = Candle(0, 100_00, 100_00, 100_00, 100_00)
    candles = [flat, flat, Candle(0, *candle), flat, flat]
    with pytest.raises(ValueError, match="no name"):
        reason(BRACKET, LONG, candles, sold(*ours), sold(*theirs))


def test_a_fill_outside_every_episode_is_an_error():
    with pytest.raises(ValueError, match="0 episodes"):
        by_episode([LONG], [ENTRY, Fill(6, -2, 100_00)])


def test_one_order_that_turns_a_position_is_an_exit_and_an_entry():
    short = Episode(4, 7, "sell", 0, 0, 110_00, 90_00)
    split = by_episode([LONG, short], [ENTRY, Fill(4, -4, 101_00)])
    assert split == {1: sold(4, 101_00), 4: [Fill(4, -2, 101_00)]}
