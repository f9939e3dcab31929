"""The long campaign: `python -m tests.venues.reference --cases 300000 [--seed N]`; exit code 1 on a difference.

Case n of a seed is the same on every machine, so a difference is found again by `--first n --cases 1`.
"""

import argparse
import sys
import time
from random import Random

from tests.venues.reference.compare import difference, shown, smallest
from tests.venues.reference.desks import BlockDesk, SimulatedDesk
from tests.venues.reference.drawn import drawn_case

EVERY = 5000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.venues.reference", description=__doc__)
    parser.add_argument("--cases", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--block", action="store_true", help="the venue sees only the candles that it asks for")
    parser.add_argument("--go-on", action="store_true", help="after a difference, to the end")
    given = parser.parse_args()
    desk = BlockDesk if given.block else SimulatedDesk
    began, differ = time.monotonic(), 0
    for done in range(1, given.cases + 1):
        n = given.first + done - 1
        case = drawn_case(Random(f"{given.seed}:{n}"))
        found = difference(case, desk)
        if found is not None:
            case, differ = smallest(case, desk), differ + 1
            print(
                f"case {n} of seed {given.seed} differs {found}\n\n{shown(case)}\n\n{difference(case, desk)}",
                flush=True,
            )
            if not given.go_on:
                break
        if done % EVERY == 0:
            print(f"{done - differ} of {done} cases equal, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{done - differ} of {done} cases of seed {given.seed} are equal: {time.monotonic() - began:.0f} s")
    return 1 if differ else 0


sys.exit(main())
