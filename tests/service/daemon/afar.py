"""A database that can be taken away: a real server, behind a proxy that runs in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.loop import run as run_loop
from tests.service.link import Link, link_to
from tests.service.servers import PostgresHome, execute

_END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"
)


@dataclass
class Afar:
    """`url` leads through the proxy. `link` is for slow commits and cuts (see Link)."""

    home: PostgresHome
    link: Link

    @property
    def url(self) -> str:
        return self.link.url

    def take_away(self) -> None:
        """No new session is let in, and those that there are end."""
        self.link.down = True
        run_loop(execute(self.home.admin_url, _END_SESSIONS.format(self.home.name)))

    def give_back(self) -> None:
        self.link.down = False

    @contextmanager
    def away(self) -> Iterator[None]:
        """For the length of the block."""
        self.take_away()
        try:
            yield
        finally:
            self.give_back()


@contextmanager
def database_afar(home: PostgresHome) -> Iterator[Afar]:
    """A home behind a proxy, for the length of the block."""
    opened, found = threading.Event(), list[Link]()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with link_to(home.url) as link:
            found.append(link)
            opened.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert opened.wait(10)
    try:
        yield Afar(home, found[0])
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()
