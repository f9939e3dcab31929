"""The anchor follows the log at a bounded rate, never back, and a log that lost what it names is refused."""

import asyncio
import json
import threading

import pytest

from kernel.errors import LogCorrupt
from service.log import anchor as anchors
from service.log.anchor import HEAD_FILE, AnchorKeeper, check_anchor, read_anchor, write_anchor
from service.log.record import GENESIS, Chain, Head
from tests.service.journal import entries, records

WRITTEN = records(12)
HEADS = [Head(record.seq, record.hash) for record in WRITTEN]


async def ended(task):
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_it_is_written_at_once_then_at_most_once_in_a_while_and_at_the_end(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(anchors, "write_anchor", lambda directory, head: written.append(head))
    keeper = AnchorKeeper(tmp_path, every_s=0.2)
    task = asyncio.create_task(keeper.run())
    for head in HEADS[:40]:
        keeper.move(head)
        await asyncio.sleep(0.01)
    assert 2 <= len(written) <= 5
    for head in HEADS[40:]:
        keeper.move(head)
    await ended(task)
    assert written[-1] == HEADS[-1]
    assert written == sorted(set(written)), "each once, and never back"


async def test_the_end_of_a_quiet_log_is_anchored_too(tmp_path):
    keeper = AnchorKeeper(tmp_path, every_s=0.05)
    task = asyncio.create_task(keeper.run())
    keeper.move(HEADS[3])
    await asyncio.sleep(0.02)
    keeper.move(HEADS[4])
    await asyncio.sleep(0.3)
    assert read_anchor(tmp_path) == HEADS[4]
    await ended(task)
    assert read_anchor(tmp_path) == HEADS[4]


async def test_without_records_there_is_no_anchor(tmp_path):
    task = asyncio.create_task(AnchorKeeper(tmp_path).run())
    await asyncio.sleep(0.01)
    await ended(task)
    assert read_anchor(tmp_path) is None


async def test_a_disk_that_stands_still_does_not_hold_up_the_loop(tmp_path, monkeypatch):
    """Canceled in the midst of a write that hangs, it still ends with the newest head on disk."""
    goes_on, real = threading.Event(), write_anchor

    def slow(directory, head):
        goes_on.wait(5)
        real(directory, head)

    monkeypatch.setattr(anchors, "write_anchor", slow)
    keeper = AnchorKeeper(tmp_path, every_s=0)
    task = asyncio.create_task(keeper.run())
    keeper.move(HEADS[0])
    began = asyncio.get_running_loop().time()
    for head in HEADS:
        keeper.move(head)
        await asyncio.sleep(0)
    assert asyncio.get_running_loop().time() - began < 1
    threading.Timer(0.1, goes_on.set).start()
    await ended(task)
    assert read_anchor(tmp_path) == HEADS[-1]


async def test_a_disk_that_refuses_is_told_of_and_the_next_head_is_tried(tmp_path):
    home, told = tmp_path / "gone", []
    keeper = AnchorKeeper(home, every_s=0.01, tell=told.append)
    task = asyncio.create_task(keeper.run())
    keeper.move(HEADS[0])
    await asyncio.sleep(0.1)
    assert HEAD_FILE in told[-1]
    assert "No such file" in told[-1]
    home.mkdir()
    keeper.move(HEADS[1])
    await asyncio.sleep(0.1)
    assert told[-1] == ""
    assert read_anchor(home) == HEADS[1]
    await ended(task)


async def test_a_log_with_what_was_anchored_is_in_order(home, stream):
    async with home.store() as store:
        writer = await store.open(stream)
        await check_anchor(store, stream, None)
        await check_anchor(store, stream, Head(0, GENESIS))
        await writer.append(WRITTEN)
        await writer.close()
        for head in HEADS[::20] + HEADS[-1:]:
            await check_anchor(store, stream, head)


async def test_a_log_that_lost_its_tail_is_refused_and_so_is_one_that_grew_anew_behind_it(home, stream):
    async with home.store() as store:
        writer = await store.open(stream)
        await writer.append(WRITTEN[:20])
        for lost in (HEADS[20], HEADS[-1]):
            with pytest.raises(LogCorrupt, match="ends at record 20, but") as refused:
                await check_anchor(store, stream, lost)
            assert refused.value.first_bad_seq == 21
        await writer.append(Chain(epoch=1, head=HEADS[19]).extend(entries(12, seed=2)[20:]))
        with pytest.raises(LogCorrupt, match="another one") as refused:
            await check_anchor(store, stream, HEADS[20])
        assert refused.value.first_bad_seq == 21
        await check_anchor(store, stream, HEADS[19])
        await writer.close()


@pytest.mark.parametrize("text", ["", "{", '{"seq":1}', json.dumps({"seq": 1, "hash": "zz", "records": 1})])
def test_an_anchor_that_cannot_be_read_is_no_missing_one(tmp_path, text):
    (tmp_path / HEAD_FILE).write_text(text)
    with pytest.raises(LogCorrupt, match="cannot be read"):
        read_anchor(tmp_path)
