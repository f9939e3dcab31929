"""Two owners of a stream, in real time: a frozen one is replaced after ten seconds, one that lives never."""

import os
import signal
import time

import pytest

from kernel.errors import Fenced
from service.daemon.lease import take_over
from service.log.verify import verify
from tests.service.owner import owner_of


async def test_a_frozen_owner_is_taken_over_from_and_fenced_when_it_wakes(embedded, stream):
    with owner_of(stream, embedded.url) as owner:
        os.kill(owner.pid, signal.SIGSTOP)
        began = time.monotonic()
        async with embedded.store() as store:
            writer = await take_over(embedded.database, store, stream)
            assert 7 < time.monotonic() - began < 16
            assert writer.epoch == 2
            os.kill(owner.pid, signal.SIGCONT)
            owner.said += map(int, owner.stdout)
            assert owner.wait(30) == Fenced.exit_code
            assert owner.said[-1] <= writer.head.seq, "nothing it was promised is lost"
            assert (await verify(store, stream, anchor=writer.head, ended=True)).ok, "nothing came after"


async def test_an_owner_that_lives_is_left_alone(embedded, stream):
    with owner_of(stream, embedded.url) as owner:
        async with embedded.store() as store:
            began = time.monotonic()
            with pytest.raises(Fenced, match=f"{owner.pid}"):
                await take_over(embedded.database, store, stream)
            assert time.monotonic() - began < 8
            head = await store.head(stream)
            while int(owner.stdout.readline()) <= head.seq:
                pass
