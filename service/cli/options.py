"""Options that every verb takes, and its two ways to answer: a table for a person, one JSON object for a program."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from os.path import relpath
from pathlib import Path
from shlex import quote
from shutil import which
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.secret_files import read_secret

__all__ = ["Common", "answer", "console", "progress", "warn"]

Show = Callable[[Console], None]
_DATA_DIR = Path("candled-data")


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Common:
    """Where everything lives, and how to answer."""

    data_dir: Annotated[
        Path, Parameter(env_var="CANDLED_DATA_DIR", help="Where datasets, runs and the database live.")
    ] = field(default=_DATA_DIR)
    database_url: Annotated[
        str | None,
        Parameter(
            env_var="CANDLED_DATABASE__URL",
            show_env_var=False,
            help="A PostgreSQL server to use instead of the embedded one. A secret: better in CANDLED_DATABASE__URL.",
        ),
    ] = field(default=None, repr=False)
    database_url_file: Annotated[
        Path | None,
        Parameter(
            env_var="CANDLED_DATABASE__URL_FILE",
            show_env_var=False,
            help="The file, of mode 0600, that holds the URL. Also CANDLED_DATABASE__URL_FILE.",
        ),
    ] = None
    json: Annotated[bool, Parameter(negative="", help="Answer with one JSON object on stdout.", show_default=False)] = (
        False
    )

    def __post_init__(self) -> None:
        """Read the URL from its file. Errors: ConfigError."""
        if self.database_url_file is not None and not self.database_url:
            object.__setattr__(self, "database_url", read_secret(self.database_url_file, what="the database URL"))

    def command(self, line: str) -> str:
        """A command that can be pasted as it stands: the program as it was called, and this data directory."""
        called = Path(sys.argv[0])
        on_path = which(called.name)
        program = called.name if on_path and Path(on_path) == called.absolute() else relpath(called)
        elsewhere = "" if self.data_dir == _DATA_DIR else f" --data-dir {quote(str(self.data_dir))}"
        return f"{program} {line}{elsewhere}"


def console() -> Console:
    """Where people read progress and warnings: stderr, so that stdout holds the answer alone."""
    return Console(stderr=True)


def warn(text: str) -> None:
    """Say something the user should know, without failing."""
    console().print(f"[yellow]note:[/] {text}", highlight=False)


def answer(common: Common, result: Mapping[str, Any], show: Show) -> None:
    """Print `result` as one JSON line, or let `show` draw it."""
    if common.json:
        sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
        sys.stdout.buffer.flush()
    else:
        show(Console())


@contextmanager
def progress(title: str, total: int | None, unit: str = "") -> Iterator[Callable[[int], None]]:
    """A bar on stderr while the block runs; call the yielded function with how much was done since the last call.

    Draws nothing where stderr is not a terminal.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    out = console()
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bars:
        task = bars.add_task(title, total=total)
        yield lambda done: bars.advance(task, done)
