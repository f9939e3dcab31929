"""Superuser edits of the rows, past every trigger: the proof names the first bad record."""

import pytest

from service.log.verify import verify
from tests.service.journal import records

WRITTEN = records(12)
BAD = 21
ROW = f"stream_id = (SELECT id FROM candled.streams WHERE name = '{{stream}}') AND seq = {BAD}"
REST = "epoch, type, schema_version, ts, payload, prev_hash, hash"
FLIPPED = "set_byte({0}, 5, get_byte({0}, 5) # 1)"


@pytest.mark.parametrize(
    "statements",
    [
        *(
            [f"UPDATE candled.events SET {c} = {FLIPPED.format(c)} WHERE {ROW}"]
            for c in ("payload", "hash", "prev_hash")
        ),
        *([f"UPDATE candled.events SET {c} = {c} + 1 WHERE {ROW}"] for c in ("epoch", "schema_version", "ts")),
        [f"UPDATE candled.events SET type = 'MarketEnded' WHERE {ROW}"],
        [f"UPDATE candled.events SET seq = 10000 WHERE {ROW}"],
        [f"DELETE FROM candled.events WHERE {ROW}"],
        [f"DELETE FROM candled.events WHERE {ROW.replace('seq =', 'seq >=')}"],
        [
            f"UPDATE candled.events SET seq = -1 WHERE {ROW}",
            f"UPDATE candled.events SET seq = {BAD} WHERE {ROW.replace(f'= {BAD}', f'= {BAD + 1}')}",
            f"UPDATE candled.events SET seq = {BAD + 1} WHERE {ROW.replace(f'= {BAD}', '= -1')}",
        ],
        [
            f"INSERT INTO candled.events SELECT stream_id, 10000, {REST} FROM candled.events WHERE {ROW}",
            f"DELETE FROM candled.events WHERE {ROW}",
        ],
    ],
    ids=[
        *("payload", "hash", "prev_hash", "epoch", "schema_version", "ts", "type", "seq"),
        *("deleted", "tail cut", "swapped", "moved"),
    ],
)
async def test_every_edit_of_a_row_is_named(postgres, stream, statements):
    async with postgres.store() as store:
        writer = await store.open(stream)
        await writer.append(WRITTEN)
        await writer.close()
        assert (await verify(store, stream, anchor=writer.head, ended=True)).ok
        await postgres.forge(*(statement.format(stream=stream) for statement in statements))
        verdict = await verify(store, stream, anchor=writer.head, ended=True)
        assert (verdict.ok, verdict.first_bad_seq, verdict.records) == (False, BAD, BAD - 1)


async def test_a_row_added_after_the_end_is_named(postgres, stream):
    async with postgres.store() as store:
        writer = await store.open(stream)
        await writer.append(WRITTEN[:BAD])
        end = writer.head
        await writer.append(WRITTEN[BAD:])
        await writer.close()
        verdict = await verify(store, stream, anchor=end, ended=True)
        assert verdict.first_bad_seq == BAD + 1
