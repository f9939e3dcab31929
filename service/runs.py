"""Where runs live, and what RUN means on the command line.

    <data_dir>/runs/<run id>/definition.json         what the id is the hash of
    <data_dir>/runs/<run id>/rules/<k>/              the sources of the rule of its k-th strategy, where that has one
    <data_dir>/runs/<run id>/<n>/execution.json      how execution n of it ended; absent while it runs, or if it crashed
    <data_dir>/runs/<run id>/<n>/log.zst, head.json  its log, where the file home keeps it

An execution's stream is named `<run id>/<n>`, in either home. A daemon executes its run in a stream with a name of its
own (streams.py). RUN is the name of such a stream; else a run id or at least six characters of its beginning, meaning
the latest execution, or either with `/n` behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import msgspec

from kernel.errors import NotFound, UsageError
from service.durable import replace_durably
from service.log.anchor import read_anchor
from service.log.record import Head
from service.streams import every, find, stream_dir

__all__ = ["Execution", "Outcome", "executions", "next_execution", "resolve", "rule_dir", "runs_dir"]

Home = Literal["file", "postgres"]

_DEFINITION = "definition.json"
_ID = 64  # characters of a run id
_SHORT = 12  # characters of a run id that tell it from others


class Outcome(msgspec.Struct, frozen=True):
    """What `execution.json` holds at least; it anchors the log: `records` is the head's seq, `log_head` its hash."""

    stream: str
    store: Home
    log_head: str
    records: int

    @property
    def head(self) -> Head:
        """The end of the log, as this execution left it."""
        return Head(self.records, bytes.fromhex(self.log_head))


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution of a run definition: a backtest's, or a daemon's, whose `number` is 0.

    `stream` names its log in either home of logs; what is kept beside the log is in `path`.
    """

    run: str
    number: int
    path: Path
    stream: str
    definition: Path

    @property
    def keeps_market(self) -> bool:
        """Whether its log holds the market too, as a daemon's does; a backtest's market is in its datasets."""
        return self.number == 0

    @property
    def short(self) -> str:
        """What RUN can be for it, short enough to read."""
        return self.stream if self.keeps_market else f"{self.run[:_SHORT]}/{self.number}"

    def outcome(self) -> Outcome | None:
        """How it ended; None when it never said. Errors: UsageError when the file cannot be read."""
        path = self.path / "execution.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Outcome)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise UsageError(f"{path} is not the record of an execution: {error}") from None

    def known_end(self) -> Head | None:
        """Where its log ends, or how far it was durable when that was last noted; None where nothing was."""
        outcome = self.outcome()
        return read_anchor(self.path) if outcome is None else outcome.head

    def finish(self, outcome: Outcome, **facts: Any) -> None:
        """Write `execution.json`: the outcome, and whatever else is worth keeping. It is on disk when this returns."""
        content = msgspec.to_builtins(outcome) | facts
        replace_durably(self.path / "execution.json", msgspec.json.format(msgspec.json.encode(content)) + b"\n")


def runs_dir(data_dir: Path) -> Path:
    """The directory of all runs."""
    return data_dir / "runs"


def rule_dir(home: Path, place: int) -> Path:
    """Where a run, whose own folder is `home`, keeps the rule of the strategy at `place`."""
    return home / "rules" / str(place + 1)


def next_execution(data_dir: Path, run: str, *, streams: Sequence[str] = ()) -> Execution:
    """Make room for the next execution of a run. Two processes never get the same number.

    `streams` are those of the store that will hold its log: a database may know executions of other data directories.
    """
    home = runs_dir(data_dir) / run
    home.mkdir(parents=True, exist_ok=True)
    elsewhere = (name.removeprefix(f"{run}/") for name in streams if name.startswith(f"{run}/"))
    known = [execution.number for execution in _of_run(home)]
    number = max([0, *known, *(int(name) for name in elsewhere if name.isdecimal())])
    while True:
        number += 1
        try:
            (home / str(number)).mkdir()
        except FileExistsError:
            continue
        return _execution(home, number)


def executions(data_dir: Path) -> Sequence[Execution]:
    """Every execution by a backtest here, by run id and number."""
    homes = sorted(home for home in runs_dir(data_dir).glob("*") if home.is_dir())
    return [execution for home in homes for execution in _of_run(home)]


def resolve(data_dir: Path, text: str) -> Execution:
    """The execution that RUN means. Errors: NotFound naming what is like it; UsageError when it could be several."""
    stream = find(data_dir, text)
    if stream is not None:
        definition = runs_dir(data_dir) / stream.run / _DEFINITION
        return Execution(stream.run, 0, stream_dir(data_dir, text), text, definition)
    prefix, slash, number = text.partition("/")
    runs = sorted({execution.run for execution in executions(data_dir)})
    matching = [run for run in runs if run == prefix or (len(prefix) >= 6 and run.startswith(prefix))]
    if len(matching) > 1:
        raise UsageError(f"{prefix} begins {len(matching)} run ids", fix=f"write more of it: {_some(matching)}")
    if not matching:
        streams = [known.stream for known in every(data_dir)]
        raise NotFound(f"there is no run {text!r} in {data_dir}, and no such stream", fix=_instead(text, runs, streams))
    found = _of_run(runs_dir(data_dir) / matching[0])
    if not slash:
        return found[-1]
    for execution in found:
        if str(execution.number) == number:
            return execution
    raise NotFound(f"run {prefix} has no execution {number!r}", fix=f"it has 1 to {found[-1].number}")


def _of_run(home: Path) -> list[Execution]:
    numbers = sorted(int(path.name) for path in home.glob("[1-9]*") if path.name.isdecimal())
    return [_execution(home, number) for number in numbers]


def _execution(home: Path, number: int) -> Execution:
    return Execution(home.name, number, home / str(number), f"{home.name}/{number}", home / _DEFINITION)


def _instead(text: str, runs: Sequence[str], streams: Sequence[str]) -> str:
    prefix = text.partition("/")[0]
    short = {run[: max(len(prefix), _SHORT)]: run for run in runs}
    close_runs = [short[name] for name in get_close_matches(prefix, short, n=3, cutoff=0.5)]
    close_streams = get_close_matches(text, streams, n=3, cutoff=0.5)
    kinds = {
        "runs": close_runs or ([] if close_streams else runs),
        "streams": close_streams or ([] if close_runs else streams),
    }
    here = [f"{kind} here: {_some(names)}" for kind, names in kinds.items() if names]
    return "; ".join(here) or "make one with `candled backtest`, or `candled run`"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(name[:_SHORT] if len(name) == _ID else name for name in names[:5])
    return f"{shown}, ..." if len(names) > 5 else shown
