"""A daemon's writer and its spool on a disk that fills up and is freed again, in a mount namespace of its own.

python -m tests.service.faults.full_disk DIRECTORY: mounts a small file system there.
"""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import asyncpg

from kernel.errors import DatabaseUnavailable
from kernel.messages import CancelAllOrders
from service import loop
from service.daemon.spool import Spool
from service.database.connect import database
from service.embedded.client import join
from service.log import postgres_writer
from service.log.postgres import PostgresLogStore
from service.log.record import Chain
from service.log.verify import verify
from tests.service.journal import entries

SIZE = 220 << 20
PATIENCE = 60  # refusals
LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


class Disk:
    """Is filled at the first append; the server dies of it after two refusals, and there is room again after five."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.refusals: list[str] = []
        self.spool = Spool(directory / "spool")
        self._filler = directory / "filler"

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))

    async def refused(self, error: DatabaseUnavailable) -> None:
        self.refusals.append(str(error))
        if len(self.refusals) == 2:
            self.spool.add(CancelAllOrders(0, 0, "", "", "operator", "kill switch"))
            await self._panic()
        if len(self.refusals) == 5:
            self._filler.unlink()
        if len(self.refusals) == PATIENCE:
            raise error

    async def _panic(self) -> None:
        """Have the server begin another segment of its log: it has no room for that, and may not go on without."""
        with join(self.directory) as server, suppress(*LOST):
            connection = await asyncpg.connect(server.url("candled_admin"))
            try:
                await connection.execute("SELECT pg_switch_wal()")
                await connection.execute("SELECT pg_current_xact_id()")
            finally:
                connection.terminate()


async def main(directory: Path) -> None:
    postgres_writer.PERSIST_S = 0.5
    disk = Disk(directory)
    async with database(directory, None) as server:
        store = PostgresLogStore(server)
        writer = await store.open("run/1")
        chain = Chain(epoch=1)
        disk.fill()
        while chain.head.seq < 3_000 or len(disk.refusals) < 5:
            batch = chain.extend(entries(100, seed=chain.head.seq))
            while writer.head != chain.head:
                try:
                    await writer.append(batch)
                except DatabaseUnavailable as error:
                    await disk.refused(error)
        verdict = await verify(store, "run/1", anchor=chain.head, ended=True)
        await store.close()
    print(*disk.refusals, sep="\n")
    print([command.key for command in disk.spool.pending()], verdict.ok, verdict.records == chain.head.seq)


if __name__ == "__main__":
    here = Path(sys.argv[1])
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", here], check=True)
    loop.run(main(here))
