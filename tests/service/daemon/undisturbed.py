"""What a stream must come to: one session over the whole market, message by message, that nothing ever interrupts."""

from collections.abc import Sequence
from hashlib import sha256

from msgspec.structs import replace

from kernel.codec import EVENT_TYPES, encode
from kernel.features.engine import PlainEngine
from kernel.kernel import Kernel
from kernel.messages import Command
from kernel.money import pinned
from service.session import Session
from tests.kernel.given import MINUTE, blueprint, ending, finish, opening
from tests.service.both_ways import Setup
from tests.service.daemon.lives import COMMANDS, NOTES
from tests.service.daemon.memory_log import MemoryLog
from tests.service.daemon_log import Entries
from venues.simulated import SimulatedVenue


def undisturbed(setup: Setup, commands: Sequence[Command] = ()) -> list:
    """Every entry, commands behind the market messages that they say they follow."""
    lengths = tuple(setup.lengths_ns) or (MINUTE,) * len(setup.instruments)
    plan = replace(blueprint(setup.of, setup.instruments, setup.risk), make_engine=PlainEngine, lengths_ns=lengths)
    begins = opening(setup.instruments, of=setup.of, account_of=setup.account)
    venue = SimulatedVenue(setup.venue, setup.instruments, begins.account, seed=setup.seed, detail=setup.detail)
    session, waiting = Session(Kernel(plan), venue, Entries()), list(commands)

    def command() -> None:
        while waiting and waiting[0].after == session.kernel.state.ordinal:
            finish(session.message(waiting.pop(0)))

    finish(session.message(begins))
    command()
    for message in setup.stream:
        finish(session.market([message]))
        command()
    finish(session.message(ending(setup.stream)))
    assert not waiting
    return session.journal.pending


def assert_undisturbed(setup: Setup, log: MemoryLog) -> None:
    """The log is a whole chain, and holds what it must, in order; notes may stand between, and move nothing."""
    entries = [entry for entry in log.entries if entry.__class__ not in NOTES]
    expected = undisturbed(setup, [entry for entry in entries if entry.__class__ in COMMANDS])
    for place, (ours, theirs) in enumerate(zip(entries, expected, strict=False)):
        assert ours == theirs, f"entry {place}"
    assert len(entries) == len(expected)
    assert decisions(log.entries) == decisions(expected)


def decisions(entries: Sequence) -> str:
    """The decisions digest, from entries."""
    digest = sha256()
    with pinned():
        for entry in entries:
            name = entry.__class__.__name__
            if name in EVENT_TYPES:
                digest.update(f"{name} {entry.schema_version} {entry.ts} ".encode() + encode(entry) + b"\n")
    return digest.hexdigest()
