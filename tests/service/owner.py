"""Another process that owns a stream and appends to it as fast as it can: python -m tests.service.owner STREAM.

The database's URL comes by standard input, the seq of each head that is durable goes to standard output.
"""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from kernel.errors import CandledError
from service import loop
from service.database.connect import Database
from service.log.postgres import PostgresLogStore
from service.log.record import Chain
from tests.service.journal import entries

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def owner_of(stream, url):
    """The process, once it has appended five times; `said` are the seqs that it told. It is killed in the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.service.owner", stream],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdin.write(url + "\n")
        process.stdin.flush()
        process.said = [int(process.stdout.readline()) for _ in range(5)]
        try:
            yield process
        finally:
            process.kill()


async def main() -> None:
    writer = await PostgresLogStore(Database(sys.stdin.readline().strip())).open(sys.argv[1])
    chain = Chain(epoch=writer.epoch, head=writer.head)
    while True:
        await writer.append(chain.extend(entries(1, seed=chain.head.seq)))
        print(writer.head.seq, flush=True)


if __name__ == "__main__":
    try:
        loop.run(main())
    except CandledError as error:
        print(error, repr(error.__cause__), file=sys.stderr)
        sys.exit(error.exit_code)
