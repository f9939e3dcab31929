"""Dies by SIGKILL at each call that changes a spool's file, one after the other, and tells what was promised by then.

python -m tests.service.daemon.spool_deaths DIRECTORY: one JSON line a death, each in a directory of its own; the last
one is of a process that came to its end.
"""

import json
import os
import signal
import sys
from itertools import count
from pathlib import Path

from kernel.messages import CancelAllOrders
from service.daemon.spool import Spool

CHANGES = ("pwrite", "ftruncate", "fsync")
STEPS = ("+a", "+b", "-a", "+c", "-c", "-b", "+d", "+e", "-d", "-e", "+f")


def command(key: str) -> CancelAllOrders:
    return CancelAllOrders(0, 0, "", "", "operator", key)


def live(path: Path, told: int) -> None:
    """Work the spool; a step is told once it is over, and once before it begins."""
    spool = Spool(path)
    for step in STEPS:
        os.write(told, f"?{step} ".encode())
        if step[0] == "+":
            spool.add(command(step[1:]))
        else:
            spool.done(step[1:])
        os.write(told, f"!{step} ".encode())


def die_at(call: int) -> None:
    """Have the `call`-th change kill this process: before it, and a write after one half of it."""
    calls = count(1)

    def deadly(change):
        def changed(*given):
            if next(calls) == call:
                if change is os.pwrite:
                    descriptor, content, offset = given
                    change(descriptor, content[: len(content) // 2], offset)
                os.kill(os.getpid(), signal.SIGKILL)
            return change(*given)

        return changed

    for name in CHANGES:
        setattr(os, name, deadly(getattr(os, name)))


def main(directory: Path) -> None:
    for call in count(1):
        path = directory / str(call) / "spool"
        path.parent.mkdir()
        heard, told = os.pipe()
        child = os.fork()
        if child == 0:
            die_at(call)
            live(path, told)
            os._exit(0)
        os.close(told)
        with os.fdopen(heard) as steps:
            said = steps.read().split()
        status = os.waitpid(child, 0)[1]
        print(json.dumps({"path": str(path), "said": said}), flush=True)
        if status == 0:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
