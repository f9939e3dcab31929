"""A proxy before a server: what it cuts, holds back or refuses happens at a chosen moment of an append."""

import asyncio
import shutil
import tempfile
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit, urlunsplit


class Link:
    """Cuts a connection at COMMIT, before or after the server has it, or in a COPY; or is slow to answer a COMMIT.

    `cut` is "before", "after" or "copy", and holds once; `down` refuses every new connection.
    """

    def __init__(self, url: str, directory: str) -> None:
        self._target = urlsplit(url)
        self.url = urlunsplit(
            self._target._replace(netloc=f"{self._target.netloc.rpartition('@')[0]}@", query=f"host={directory}")
        )
        self.cut = ""
        self.down = False
        self.cuts = 0
        self.sessions = 0
        self.commit_s = 0.0

    async def serve(self, reader, writer):
        if self.down:
            writer.close()
            return
        self.sessions += 1
        host = parse_qs(self._target.query).get("host")
        if host:
            there = await asyncio.open_unix_connection(f"{host[0]}/.s.PGSQL.5432")
        else:
            there = await asyncio.open_connection(self._target.hostname, self._target.port or 5432)
        held = asyncio.Event()
        held.set()
        back = asyncio.create_task(self._copy(there[0], writer, held))
        copied = 0
        try:
            while chunk := await reader.read(65536):
                copied = copied + len(chunk) if chunk.startswith(b"d") or copied else 0
                if self.cut == "copy" and copied > 100_000:
                    self.cut = ""
                    break
                if self.cut != "copy" and self.cut and b"COMMIT;" in chunk:
                    how, self.cut = self.cut, ""
                    self.cuts += 1
                    back.cancel()
                    await asyncio.wait([back])
                    if how == "after":
                        there[1].write(chunk)
                        await there[0].read(65536)
                    break
                if self.commit_s and b"COMMIT;" in chunk:
                    held.clear()
                    asyncio.get_running_loop().call_later(self.commit_s, held.set)
                there[1].write(chunk)
        except ConnectionError:
            pass
        finally:
            back.cancel()
            there[1].close()
            writer.close()

    async def _copy(self, reader, writer, held):
        while chunk := await reader.read(65536):
            await held.wait()
            writer.write(chunk)
        writer.close()


@asynccontextmanager
async def link_to(url):
    directory = tempfile.mkdtemp(prefix="cd-")
    link = Link(url, directory)
    server = await asyncio.start_unix_server(link.serve, f"{directory}/.s.PGSQL.5432")
    try:
        yield link
    finally:
        server.close()
        shutil.rmtree(directory)
