"""Whatever an operator commands is done or refused; what is refused, and what is merely told, moves nothing."""

from decimal import Decimal

from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import fields

from kernel.codec import decode, encode
from kernel.events import CommandRefused
from kernel.messages import Command
from kernel.money import pinned
from kernel.notes import Note
from kernel.replay import in_processing_order
from tests.kernel.busy import busy_kernel, busy_run
from tests.kernel.drawn import any_of, any_struct, markets
from tests.kernel.given import BTC, ETH

PAIR = (BTC, ETH)
_NUMBERS = ["NaN", "-Infinity", "1E+999999", "1E-999999", "0E-999999", "-1", "0", "0.001", "0.5", "1", "500.01", "550"]
_amounts = st.sampled_from(_NUMBERS).map(Decimal)
_TELLING = {
    "strategy": st.sampled_from(["", "z", "m", "a", "nobody"]),
    "symbol": st.sampled_from(["", "BTC/USDT", "ETH/USDT", "BTC"]),
    "group": st.sampled_from(["", "trend", "nothing"]),
    "price": st.none() | _amounts,
    "trigger": st.none() | _amounts,
    "quantity": st.none() | _amounts,
}


def commands(kind, live):
    """Any, but with values that are likely to name something: of the orders these."""
    orders = {"order": st.sampled_from([*live, *live, 0, 1])}
    return st.builds(kind, **{f.name: (_TELLING | orders).get(f.name, any_of(f.type)) for f in fields(kind)})


def read_back(entry):
    with pinned():
        return decode(type(entry).__name__, entry.schema_version, encode(entry))


@st.composite
def middles(draw):
    """A kernel in the middle of a session with everything in it, and the candles that come next."""
    fed, ran = busy_run(draw(markets(*PAIR)), *PAIR, fill="next_open")
    messages = list(in_processing_order(fed, [entry for entry in ran.entries if hasattr(entry, "after")]))
    cut = draw(st.integers(1, len(messages) - 1))
    kernel = busy_kernel(PAIR)
    for message in messages[:cut]:
        kernel.turn(message)
    return kernel, [message for message in messages[cut:] if not hasattr(message, "after")]


@settings(max_examples=300)
@given(middles(), st.lists(st.sampled_from(Command.__args__), min_size=1, max_size=6), st.data())
def test_any_command_is_done_or_refused_and_candles_go_on(middle, kinds, data):
    kernel, later = middle
    for kind in kinds:
        command = data.draw(commands(kind, kernel.state.orders))
        before = kernel.fingerprint()
        events = kernel.turn(command)
        assert [read_back(entry) for entry in events] == list(events)
        refused = [entry for entry in events if isinstance(entry, CommandRefused)]
        if refused or not events:
            assert events == tuple(refused) or not events
            assert kernel.fingerprint() == before
        event(f"{type(command).__name__}: {refused[0].reason if refused else 'done' if events else 'nothing to do'}")
    for message in later:
        kernel.turn(message)
    copy = busy_kernel(PAIR)
    copy.restore(kernel.snapshot())
    assert copy.fingerprint() == kernel.fingerprint()


@given(middles(), st.lists(st.sampled_from(Note.__args__).flatmap(any_struct), min_size=1, max_size=6))
def test_a_note_moves_nothing(middle, told):
    kernel, _ = middle
    before = kernel.fingerprint()
    assert all(list(kernel.turn(note)) == [] for note in told)
    assert kernel.fingerprint() == before
