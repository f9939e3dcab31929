"""The comparison behind `make peers-orders`: the same orders through every engine, fill by fill beside candled's.

Rule of this file: no difference without a name. One that has none, or is not the recorded one, and the exit code is 1.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from engines import CHECKOUT, SCRIPTS, Peer
from orders_cases import Fill, Run, episodes
from orders_market import MARKETS, Candle
from orders_on_candled import trade
from orders_record import ENGINES, Recorded, compare, read, table, write
from orders_runs import RUNS

RECORDED = CHECKOUT / "tests" / "peers" / "orders"
DATA = CHECKOUT.parent / "shared" / "data" / "candles"


def main() -> int:
    parser = argparse.ArgumentParser(description="The same orders through every engine.")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recorded candles")
    parser.add_argument("--accept", action="store_true", help="write the files of tests/peers/orders anew")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.error(f"no recorded candles in {arguments.data}: name their folder with --data")
    markets = {name: market.read(arguments.data) for name, market in MARKETS.items()}
    found: dict[str, dict[str, Recorded]] = {}
    changed = []
    for engine in ENGINES:
        told = ask(engine, arguments.data)
        found[engine] = {run.name: beside(run, markets[run.market.name], told) for run in RUNS if run.engine == engine}
        path, title = RECORDED / f"{engine}.txt", f"{ENGINES[engine]} {told['version']}"
        if arguments.accept:
            write(path, title, found[engine])
        elif read(path) != (title, found[engine]):
            changed.append(f"{engine} or candled fills otherwise than recorded: --accept writes {path.name} anew")
    print(table(found))
    print("\n".join(changed) or "every fill is as recorded, and every difference has a name")
    return 1 if changed else 0


def ask(engine: str, data: Path) -> dict:
    """One engine's fills of all its runs, from a process in its own venv."""
    peer = Peer(engine)
    peer.install()
    command = [CHECKOUT / ".venv-peers" / engine / "bin" / "python", SCRIPTS / f"orders_on_{engine}.py", data]
    done = subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def beside(run: Run, candles: list[Candle], told: dict) -> Recorded:
    theirs = [Fill(*fill) for fill in told["fills"][run.name]]
    ours = trade(run, candles, episodes(run.case, run.market, candles))
    return compare(run, candles, ours, theirs)


if __name__ == "__main__":
    sys.exit(main())
