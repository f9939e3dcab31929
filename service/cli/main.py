"""`candled VERB`: the tree of verbs. Each is imported when it is called, so that help costs nothing.

The verbs of the research side are found by dotted name: the one place where the service mentions the floor above it.
"""

import os
import sys

from cyclopts import App
from rich.console import Console
from rich.markup import escape

from kernel.errors import CandledError

__all__ = ["app", "main"]


def _version() -> str:
    from importlib.metadata import version  # a seventh of the time that help may take

    return version("candled")


app = App(
    name="candled",
    version=_version,
    help="An event-sourced trading daemon: every decision is logged, chained, and replays bit for bit.",
)

data = App(name="data", help="Canonical Storage: immutable datasets whose id is the hash of their content.")
data.command(
    "research.data_commands:import_files", name="import", help="Validate market data files, make them a dataset."
)
data.command("research.data_commands:list_datasets", name="list", help="The datasets that are here.")
data.command("research.data_commands:show", name="show", help="One dataset: range, gaps, sources, a few rows.")
data.command("research.sample_command:sample", name="sample", help="A synthetic market, to try things on.")
data.command("research.data_commands:verify", name="verify", help="Hash a dataset again and compare with its id.")
app.command(data)

features = App(name="features", help="Declared features: what they are, over datasets, fitted.")
features.command("research.feature_commands:list_features", name="list", help="The declared features, by group.")
features.command("research.feature_commands:show", name="show", help="One feature: what it reads, costs, needs.")
features.command("research.feature_commands:graph", name="graph", help="What features stand on, as text or drawn.")
features.command("research.feature_batch_commands:compute", name="compute", help="Features of a dataset, as Parquet.")
features.command(
    "research.feature_batch_commands:fit", name="fit", help="Fit fill, drop, center and scale on a window."
)
app.command(features)

log = App(name="log", help="The log of a run or stream: prove it whole, read it.")
log.command("service.cli.log_commands:verify", name="verify", help="Check every hash; name the first bad record.")
log.command("service.cli.log_commands:show", name="show", help="Print records.")
log.command("service.cli.log_commands:head", name="head", help="The last record's seq and hash.")
app.command(log)

db = App(name="db", help="The PostgreSQL schema and its projections.")
db.command("service.cli.db_commands:upgrade", name="upgrade", help="Bring the schema to this version.")
db.command("service.cli.db_commands:rebuild", name="rebuild", help="Make the projections anew from the log.")
app.command(db)

app.command("research.demo:demo", name="demo", help="The whole tour on a synthetic market, in under a minute.")
app.command("research.certify_command:certify", name="certify", help="Prove that every feature has one value.")
app.command("service.cli.run_commands:backtest", name="backtest", help="Run a strategy over recorded candles.")
app.command("service.cli.daemon_commands:run", name="run", help="The daemon: a market played as if live, durably.")
app.command("service.cli.doctor_command:doctor", name="doctor", help="Is this machine fit for it; how to mend it.")
app.command("service.cli.run_commands:replay", name="replay", help="Execute a recorded run again from its log.")
app.command("service.cli.run_commands:explain", name="explain", help="Why it did, or did not, trade at a time.")
app.command("research.report_command:report", name="report", help="What a run did: a summary, a page, tables.")

app.command("service.cli.control_commands:status", name="status", help="How a running daemon stands.")
app.command("service.cli.control_commands:pause", name="pause", help="Tell the daemon to send nothing.")
app.command("service.cli.control_commands:resume", name="resume", help="Tell it to trade again.")
app.command("service.cli.control_commands:reduce", name="reduce", help="Tell it to take positions back only.")
app.command("service.cli.control_commands:flatten", name="flatten", help="Tell it to close everything, then stop.")
app.command("service.cli.control_commands:cancel_all", name="cancel-all", help="Tell it to cancel its live orders.")


def main() -> None:
    """Run the verb; an error becomes one clear message and its exit code."""
    try:
        _teach()
        app()
    except CandledError as error:
        out = Console(stderr=True)
        out.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        if error.fix:
            out.print(f"[bold]try:[/] {escape(error.fix)}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # whoever read our answer has gone: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _teach() -> None:
    """A verb's own help is its docstring; the line given above is for the list of verbs."""
    words, found, _ = app.parse_commands()
    for word, verb in zip(words, found[1:], strict=True):
        if verb.default_command is not None and not word.startswith("-"):
            verb.help = None
