"""Idempotency keys: a command that comes twice is turned once. They are in the log, so a restart knows them too."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from kernel.errors import UsageError
from kernel.messages import Command

__all__ = ["KnownKeys"]

_KEPT = 10_000
_COMMANDS = frozenset(Command.__args__)


class KnownKeys:
    """The keys of the newest commands, each with its record's seq and what it asked for."""

    def __init__(self) -> None:
        self.seqs: dict[str, int] = {}
        self._commands: dict[str, Command] = {}

    def fold(self, first_seq: int, entries: Sequence[msgspec.Struct]) -> None:
        """See Committed."""
        for place, entry in enumerate(entries):
            if entry.__class__ in _COMMANDS and entry.key:  # type: ignore[attr-defined]
                self.note(entry, first_seq + place)  # type: ignore[arg-type]

    def note(self, command: Command, seq: int) -> None:
        """A command with a key is the one of record `seq`."""
        self.seqs[command.key], self._commands[command.key] = seq, _bare(command)
        while len(self.seqs) > _KEPT:
            oldest = next(iter(self.seqs))
            del self.seqs[oldest], self._commands[oldest]

    def seq_of(self, command: Command) -> int | None:
        """The record of the same command under the same key; None when the key is new.

        Errors: UsageError when the key was used for another command.
        """
        seq = self.seqs.get(command.key) if command.key else None
        if seq is not None and self._commands[command.key] != _bare(command):
            raise UsageError(f"the key {command.key} was used for another command", fix="use a new key for a new wish")
        return seq

    def snapshot(self) -> list[tuple[int, Command]]:
        """What `restore` takes back."""
        return [(seq, self._commands[key]) for key, seq in self.seqs.items()]

    def restore(self, kept: Sequence[tuple[int, Command]]) -> None:
        """Know what was known when the snapshot was taken."""
        for seq, command in kept:
            self.note(command, seq)


def _bare(command: Command) -> Command:
    return replace(command, ts=0, after=0)
