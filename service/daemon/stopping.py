"""The end of a daemon: SIGTERM or SIGINT asks for a clean one, a second ends the process at once."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["stop_signals"]


@contextmanager
def stop_signals() -> Iterator["asyncio.Future[str]"]:
    """A future that is done, with the signal's name, when the first one comes.

    The second one leaves everything as it is, as a crash would: what is durable is whole, and recovery goes on from it.
    """
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[str] = loop.create_future()

    def stop(number: signal.Signals) -> None:
        if asked.done():
            os._exit(128 + number)
        asked.set_result(number.name)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        yield asked
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
