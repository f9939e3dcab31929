"""Runs a few sessions and prints what came of them. With --sealed, whatever could make two runs differ raises first."""

import builtins
import datetime as dt
import importlib
import io
import os
import pkgutil
import random
import secrets
import socket
import sys
import threading
import time
import uuid

import msgspec  # noqa: F401 - imported before the seal: what libraries do while they are imported is their own affair
import numpy as np  # noqa: F401 - as above

OUTSIDE = {
    builtins: ["open", "input"],
    io: ["open"],
    os: ["urandom", "getenv", "getpid", "getcwd", "times", "uname", "cpu_count"],
    random: ["random", "randint", "choice", "shuffle", "seed", "getrandbits", "Random"],
    secrets: ["token_bytes", "token_hex"],
    socket: ["socket", "gethostname"],
    threading: ["Thread"],
    time: [name for name in dir(time) if callable(getattr(time, name)) and name != "struct_time"],
    uuid: ["uuid1", "uuid4", "getnode"],
}


class NoClock(dt.datetime):
    """A datetime that cannot tell the time of day."""

    now = utcnow = today = classmethod(lambda cls, *_: forbidden("datetime.now")())


class NoEnvironment(dict):
    """An environment that nobody may look at."""

    def __getitem__(self, name):
        forbidden(f"os.environ[{name!r}]")()

    get = __contains__ = __iter__ = __getitem__


def forbidden(name):
    def refuse(*_, **__):
        raise PermissionError(f"the kernel used {name}")

    return refuse


def seal():
    for module, names in OUTSIDE.items():
        for name in names:
            setattr(module, name, forbidden(f"{module.__name__}.{name}"))
    dt.datetime = NoClock
    os.environ = NoEnvironment()  # noqa: B003 - nobody may look at it any more


def import_every_module_of_the_kernel():
    import kernel

    for module in pkgutil.walk_packages(kernel.__path__, "kernel."):
        importlib.import_module(module.name)


def outcome():
    """One line a session: the log's head, the decisions, the state."""
    from tests.kernel.busy import FREE, STRICT, busy_run
    from tests.kernel.given import BTC, CROSS, ETH, OBEDIENT, REVERSION, candles, merged, run

    closes = [500_00 + n * n * 7919 % 5003 for n in range(400)]
    market = merged(candles(closes, of=ETH), candles(closes[::-1], of=BTC))
    for of in (OBEDIENT, CROSS, REVERSION):
        for fill in ("same_close", "next_open"):
            yield line_of(run(of, market, ETH, BTC, fill=fill))
    for risk in (STRICT, FREE):
        yield line_of(busy_run(market, ETH, BTC, risk=risk)[1])


def line_of(ran):
    return f"{len(ran.records)} {ran.head.hex()} {ran.digest} {ran.kernel.fingerprint()}"


if __name__ == "__main__":
    if "--sealed" in sys.argv:
        seal()
    import_every_module_of_the_kernel()
    for line in outcome():
        sys.stdout.write(line + "\n")
