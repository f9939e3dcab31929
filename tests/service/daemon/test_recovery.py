"""A daemon that dies anywhere goes on as if it had not: cut behind any commit, its stream comes to the same end."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.events import OrderRequested
from kernel.limits import Limits
from kernel.messages import CancelAllOrders, ChangeLimits, OrderAccepted, OrderRejected, SetTradingState
from service.loop import run
from tests.service.daemon.drawn_losses import losses
from tests.service.daemon.effort import examples
from tests.service.daemon.lives import COMMANDS, MARKET, Life
from tests.service.daemon.memory_log import MemoryLog, MemorySnapshots
from tests.service.daemon.undisturbed import assert_undisturbed
from tests.service.drawn_setups import detailed, limits, quiet_setups, setups

ANY = st.one_of(
    setups(),
    setups(markets=3, strategies_of=2, history=True),
    setups(markets=3, strategies_of=2, kinds=("rotation",), history=True),
    detailed(),
    quiet_setups(),
    losses(),
)
places = st.integers(0, 200)
strategy_names = st.sampled_from(["", "", "s0", "s1"])
commands = st.one_of(
    st.builds(
        lambda state, strategy, flatten: SetTradingState(0, 0, state, strategy, flatten=flatten, actor="someone"),
        st.sampled_from(["active", "active", "reducing", "halted"]), strategy_names, st.booleans(),
    ),
    st.builds(lambda strategy: CancelAllOrders(0, 0, strategy, "", "someone"), strategy_names),
    st.builds(lambda strategy, limits: ChangeLimits(0, 0, strategy, limits, "someone"), strategy_names, limits),
    st.just(ChangeLimits(0, 0, "", Limits(), "someone")),
)  # fmt: skip
given_commands = st.dictionaries(places, st.lists(commands, min_size=1, max_size=2), max_size=4).map(
    lambda drawn: {
        place: [replace(command, key=f"{place}-{number}") for number, command in enumerate(several)]
        for place, several in sorted(drawn.items())
    }
)
cuts = st.lists(st.integers(0, 10_000), min_size=1, max_size=4)


def survive(life, log, cuts, snapshots=None):
    """A first life to the market's end; then, of what each left, a part, and another life behind that."""
    run(life.live(log, snapshots))
    assert_undisturbed(life.setup, log)
    for cut in cuts:
        log = log.cut(cut % (len(log.groups) + 1))
        run(life.live(log, snapshots))
        assert_undisturbed(life.setup, log)
    return log


def assert_nothing_went_out_early(setup, log):
    """Where requests wait for the end of an instant, no command comes between the two, not behind a restart either."""
    if not (setup.venue.latency_ms or setup.venue.latency_jitter_ms):
        return
    times, waiting = [message.ts for message in setup.stream], False
    for entry in log.entries:
        if entry.__class__ in COMMANDS and 0 < entry.after < len(times):
            assert not waiting or times[entry.after - 1] < times[entry.after]
        if entry.__class__ in MARKET | COMMANDS or isinstance(entry, OrderAccepted | OrderRejected):
            waiting = False
        waiting = waiting or isinstance(entry, OrderRequested)


@examples(25)
@given(ANY, cuts)
def test_a_log_that_is_cut_anywhere_comes_to_the_same_end(setup, cuts):
    survive(Life(setup), MemoryLog(), cuts)


@examples(12)
@given(losses(), cuts)
def test_cut_amid_what_a_candle_set_off(setup, cuts):
    survive(Life(setup), MemoryLog(), cuts)


@examples(25)
@given(ANY, cuts, st.sets(places, max_size=6))
def test_with_snapshots_too(setup, cuts, keep):
    survive(Life(setup, keep=keep), MemoryLog(), cuts, MemorySnapshots())


@examples(25)
@given(setups(markets=2, strategies_of=2), cuts, given_commands, st.sets(places, max_size=3))
def test_with_commands_each_of_which_is_turned_once(setup, cuts, commands, keep):
    life = Life(setup, commands=commands, keep=keep)
    log = survive(life, MemoryLog(), cuts, MemorySnapshots())
    assert_nothing_went_out_early(setup, log)
    keys = [entry.key for entry in log.entries if getattr(entry, "key", "")]
    assert len(keys) == len(set(keys))
