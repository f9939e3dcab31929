"""What every home of logs owes its users: one suite, run against the file and against each PostgreSQL."""

import pytest

from kernel.errors import Fenced, LogCorrupt, NotFound, UsageError
from service.log.record import GENESIS, Chain, Head
from service.log.verify import verify
from tests.service.journal import entries, in_batches, records


async def read(store, stream, *, first=1):
    return [record async for batch in store.records(stream, first=first) for record in batch]


def head_of(written):
    return Head(written[-1].seq, written[-1].hash)


async def test_what_was_appended_is_read_back_byte_for_byte(home, stream):
    written = records(60)
    async with home.store() as store:
        writer = await store.open(stream)
        for batch in in_batches(written, [1, 7, 50]):
            await writer.append(batch)
        await writer.close()
        assert await read(store, stream) == written
        assert await store.head(stream) == head_of(written)


async def test_a_new_stream_is_empty(home, stream):
    async with home.store() as store:
        writer = await store.open(stream)
        assert (writer.epoch, writer.head) == (1, Head(0, GENESIS))
        await writer.append([])
        await writer.close()
        assert await store.head(stream) == Head(0, GENESIS)
        assert await read(store, stream) == []


async def test_an_unknown_stream_is_not_found(home, stream):
    async with home.store() as store:
        with pytest.raises(NotFound):
            await store.head(stream)
        with pytest.raises(NotFound):
            await read(store, stream)


async def test_a_big_batch_and_reading_from_the_middle(home, stream):
    written = records(2_000)
    async with home.store() as store:
        writer = await store.open(stream)
        await writer.append(written)
        await writer.close()
        middle = len(written) - 1_000
        assert await read(store, stream, first=middle + 1) == written[middle:]
        assert await read(store, stream, first=len(written) + 1) == []


@pytest.mark.parametrize("wrong", ["gap", "again", "turned", "foreign"])
async def test_records_that_do_not_continue_the_log_are_refused(home, stream, wrong):
    written = records(6)
    batch = {
        "gap": written[11:20],
        "again": written[5:20],
        "turned": written[10:20][::-1],
        "foreign": records(6, seed=2)[10:20],
    }[wrong]
    async with home.store() as store:
        writer = await store.open(stream)
        await writer.append(written[:10])
        with pytest.raises(LogCorrupt) as refused:
            await writer.append(batch)
        assert refused.value.first_bad_seq == 11
        assert await read(store, stream) == written[:10]
        await writer.append(written[10:])
        await writer.close()
        assert await read(store, stream) == written


async def test_a_stale_epoch_is_refused(home, stream):
    async with home.store() as store:
        writer = await store.open(stream)
        with pytest.raises(Fenced):
            await writer.append(records(3, epoch=7))
        await writer.close()
        assert await read(store, stream) == []


async def test_a_second_writer_fences_the_first(home, stream):
    made = entries(20)
    async with home.store() as store:
        first = await store.open(stream)
        chain = Chain(epoch=first.epoch)
        begun = chain.extend(made[:30])
        await first.append(begun)

        await home.forget_the_living(stream)
        second = await store.open(stream)
        assert (second.epoch, second.head) == (2, head_of(begun))
        late = chain.extend(made[30:40])
        with pytest.raises(Fenced):
            await first.append(late)

        went_on = Chain(epoch=second.epoch, head=second.head).extend(made[30:])
        await second.append(went_on)
        with pytest.raises(Fenced):
            await first.append(late)
        await first.close()
        await second.close()
        assert await read(store, stream) == begun + went_on
        assert (await verify(store, stream, anchor=second.head, ended=True)).ok


async def test_epochs_rise_with_every_opening(home, stream):
    made = entries(9)
    async with home.store() as store:
        for epoch, batch in enumerate(in_batches(made, [12]), 1):
            writer = await store.open(stream)
            assert writer.epoch == epoch
            await writer.append(Chain(epoch=epoch, head=writer.head).extend(batch))
            await writer.close()
        read_back = await read(store, stream)
        assert [record.seq for record in read_back] == list(range(1, len(made) + 1))
        assert (await verify(store, stream, anchor=writer.head, ended=True)).ok


async def test_streams_are_listed(home, stream):
    names = [f"{stream}-{letter}" for letter in "bca"]
    async with home.store() as store:
        for name in names:
            await (await store.open(name)).close()
        assert [name for name in await store.streams() if name.startswith(f"{stream}-")] == sorted(names)


@pytest.mark.parametrize("name", ["", "/etc", "../up", "a/../b", "a//b", "a b", "a/", ".hidden", "x" * 201, "a\n"])
async def test_a_name_that_is_no_name_is_refused(home, name):
    async with home.store() as store:
        with pytest.raises(UsageError):
            await store.open(name)


async def test_every_way_to_cut_batches_gives_the_same_log(home, stream):
    written = records(15)
    async with home.store() as store:
        for number, sizes in enumerate(([1], [2, 3], [1, 40], [1_000])):
            name = f"{stream}-{number}"
            writer = await store.open(name)
            for batch in in_batches(written, sizes):
                await writer.append(batch)
            await writer.close()
            assert await read(store, name) == written
