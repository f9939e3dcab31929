"""Snapshots: what is given out is what was stored, of a record that the log has, by the code that asks."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.log.snapshots import SCHEMA, Snapshot, SnapshotStore, Unusable, _checked, _packed
from tests.service.journal import records

WRITTEN = records(12)
CODE = "c" * 64
END = len(WRITTEN)
CONTENT = bytes(range(256)) * 40


def made(seq: int, content: bytes = CONTENT, code: str = CODE) -> Snapshot:
    return Snapshot(seq, WRITTEN[seq - 1].hash, sha256(content).hexdigest(), code, content)


async def written_to(home, stream):
    async with home.store() as store:
        writer = await store.open(stream)
        await writer.append(WRITTEN)
        await writer.close()
    return SnapshotStore(home.database)


async def found(store, stream, *, at_most_seq=END, code_version=CODE):
    return [each async for each in store.newest(stream, at_most_seq=at_most_seq, code_version=code_version)]


async def test_they_come_back_newest_first_and_old_ones_are_pruned(postgres, stream):
    store = await written_to(postgres, stream)
    other = await written_to(postgres, f"{stream}-other")
    kept = [made(seq, CONTENT + bytes([seq])) for seq in (3, 9, 30, 31)]
    for snapshot in kept:
        await store.keep(stream, snapshot)
        await other.keep(f"{stream}-other", snapshot)
    assert await found(store, stream) == kept[::-1]
    await store.prune(stream)
    assert await found(store, stream) == kept[:1:-1]
    assert await found(store, f"{stream}-other") == kept[::-1]


async def test_one_of_the_same_record_takes_the_place_of_the_former(postgres, stream):
    store = await written_to(postgres, stream)
    await store.keep(stream, made(5, b"old", "older code"))
    assert await found(store, stream) == [Unusable(5, "other_code")]
    await store.keep(stream, made(5, b"new"))
    assert await found(store, stream) == [made(5, b"new")]


async def test_a_stream_that_is_not_there_has_none(postgres, stream):
    store = SnapshotStore(postgres.database)
    await store.keep(stream, made(5))
    await store.prune(stream)
    assert await found(store, stream) == []


async def test_those_after_the_end_of_the_log_are_named_and_older_ones_are_used(postgres, stream):
    store = await written_to(postgres, stream)
    for seq in (7, 20):
        await store.keep(stream, made(seq))
    late = Snapshot(END + 1, WRITTEN[-1].hash, "ab", CODE, CONTENT)
    await store.keep(stream, late)
    assert await found(store, stream) == [Unusable(late.seq, "after_the_log"), made(20), made(7)]
    assert await found(store, stream, at_most_seq=19) == [
        *(Unusable(seq, "after_the_log") for seq in (late.seq, 20)),
        made(7),
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("bytes = set_byte(bytes, length(bytes) - 1, get_byte(bytes, length(bytes) - 1) # 1)", "damaged"),
        ("bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 128)", "damaged"),
        ("bytes = set_byte(bytes, 0, get_byte(bytes, 0) # 1)", "damaged"),
        ("bytes = substr(bytes, 1, length(bytes) - 1)", "damaged"),
        ("bytes = ''", "damaged"),
        ("fingerprint = set_byte(fingerprint, 0, get_byte(fingerprint, 0) # 1)", "damaged"),
        ("hash = set_byte(hash, 31, get_byte(hash, 31) # 1)", "damaged"),
        ("code_version = 'another'", "damaged"),
        ("schema = schema + 1", "damaged"),
        ("seq = seq + 1", "damaged"),
        ("seq = 100000", "after_the_log"),
    ],
)
async def test_a_row_that_was_changed_is_passed_over_with_its_reason(postgres, stream, change, reason):
    """By the role candled itself: it may write snapshots, and gains nothing by it."""
    store = await written_to(postgres, stream)
    for seq in (7, 20):
        await store.keep(stream, made(seq))
    async with postgres.database.session() as connection:
        await connection.execute(
            f"UPDATE candled.snapshots SET {change} WHERE seq = 20"
            " AND stream_id = (SELECT id FROM candled.streams WHERE name = $1)",
            stream,
        )
    passed, used = await found(store, stream)
    assert (type(passed), passed.reason) == (Unusable, reason)
    assert used == made(7)


async def test_one_of_another_log_is_passed_over(postgres, stream):
    """A standby lost the tail, and other records were written in its place."""
    store = await written_to(postgres, stream)
    await store.keep(stream, made(7))
    foreign = Snapshot(20, records(12, seed=2)[19].hash, "ab", CODE, CONTENT)
    await store.keep(stream, foreign)
    assert await found(store, stream) == [Unusable(20, "other_log"), made(7)]


@given(content=st.binary(max_size=300), place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_no_flipped_bit_is_ever_given_out(content, place, bit):
    whole = made(5, content)
    stored = _packed(whole)
    row = {
        "seq": 5, "hash": whole.hash, "fingerprint": bytes.fromhex(whole.fingerprint), "code_version": CODE,
        "schema": SCHEMA, "bytes": stored, "recorded": whole.hash,
    }  # fmt: skip
    assert _checked(row, 5, CODE) == whole
    flipped = bytearray(stored)
    flipped[place % len(stored)] ^= 1 << bit
    assert _checked(row | {"bytes": bytes(flipped)}, 5, CODE) == Unusable(5, "damaged")
