"""A daemon's writer and its spool on a disk that fills up and is freed again, in a mount namespace of its own.

python -m tests.service.faults.full_disk DIRECTORY: mounts a small file system there.
"""

import asyncio
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from kernel.errors import DatabaseUnavailable
from kernel.messages import CancelAllOrders
from service import loop
from service.daemon.spool import Spool
from service.database.connect import database
from service.log import postgres_writer
from service.log.postgres import PostgresLogStore
from service.log.record import Chain
from service.log.verify import verify
from tests.service.journal import entries

SIZE = 220 << 20
FULL_S = 3.0


def fill(path: Path) -> None:
    """Take all the room there is."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))


async def main(disk: Path) -> None:
    postgres_writer.PERSIST_S = 1.0
    filler, refusals = disk / "filler", []
    spool = Spool(disk / "spool")
    async with database(disk, None) as server:
        store = PostgresLogStore(server)
        writer = await store.open("run/1")
        chain = Chain(epoch=1)
        ends = asyncio.get_running_loop().time() + 60
        freed = False
        while not freed or chain.head.seq < 3_000:
            batch = chain.extend(entries(100, seed=chain.head.seq))
            if not filler.exists() and not freed:
                fill(filler)
            while True:
                try:
                    await writer.append(batch)
                    break
                except DatabaseUnavailable as error:
                    assert asyncio.get_running_loop().time() < ends, error
                    refusals.append(str(error))
                    if len(refusals) == 2:
                        spool.add(CancelAllOrders(0, 0, "", "", "operator", "kill switch"))
                        print("spooled", len(spool.pending()))
                    if len(refusals) == 4:
                        filler.unlink()
                        freed = True
        for refusal in sorted(set(refusals)):
            print("refused", refusal)
        assert len(refusals) >= 4
        verdict = await verify(store, "run/1", anchor=chain.head, ended=True)
        assert verdict.ok, verdict
        await store.close()
        assert [command.key for command in spool.pending()] == ["kill switch"]
        print("whole", verdict.records)


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", directory], check=True)
    loop.run(main(directory))
