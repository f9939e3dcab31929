"""The file home under real faults: torn frames, damaged bytes, kill -9, a full disk, a forger with zstd."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import LogCorrupt
from service import loop
from service.log.file import LOG_FILE, FileLogStore
from service.log.record import Chain, Head
from service.log.verify import verify
from tests.campaign import sample
from tests.service.journal import entries, in_batches, records

ROOT = Path(__file__).resolve().parents[3]
STREAM = "run/1"
WRITTEN = records(40)
BATCHES = in_batches(WRITTEN, [60, 50])


def write(runs_dir, batches=BATCHES, *, close=True):
    """A log of these batches, and the sizes of its file after each."""

    async def run():
        writer = await FileLogStore(runs_dir).open(STREAM)
        ends = []
        for batch in batches:
            await writer.append(batch)
            ends.append(log.stat().st_size)
        if close:
            await writer.close()
        else:
            writer._release()  # as kill -9 does: without a word
        return ends

    log = runs_dir / STREAM / LOG_FILE
    return log, loop.run(run())


def read(runs_dir):
    async def run():
        return [record async for batch in FileLogStore(runs_dir).records(STREAM) for record in batch]

    return loop.run(run())


def read_what_can_be(runs_dir):
    async def run():
        found = []
        with suppress(LogCorrupt):
            async for batch in FileLogStore(runs_dir).records(STREAM):
                found.extend(batch)
        return found

    return loop.run(run())


def verdict(runs_dir, *, anchored=True):
    store = FileLogStore(runs_dir)
    return loop.run(verify(store, STREAM, anchor=store.anchor(STREAM) if anchored else None, ended=anchored))


def go_on(runs_dir):
    """Open the log again and append what is missing of it."""

    async def run():
        writer = await FileLogStore(runs_dir).open(STREAM)
        rest = Chain(epoch=writer.epoch, head=writer.head).extend(entries(40)[writer.head.seq :])
        await writer.append(rest)
        await writer.close()
        return writer

    return loop.run(run())


def edit(log, change):
    """Decompress a log, let `change` make new lines of its lines, and compress it again."""
    with log.open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    lines = change(text.splitlines(keepends=True))
    log.write_bytes(zstandard.ZstdCompressor(write_checksum=True).compress(b"".join(lines)))


def test_the_file_is_text_that_checks_itself_with_zstd_and_sha256_alone(tmp_path):
    log, _ = write(tmp_path)
    with log.open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    previous = bytes(32)
    for number, line in enumerate(text.splitlines(), 1):
        digest, body = line.split(b" ", 1)
        previous = sha256(previous + body).digest()
        assert (digest.decode(), int(body.split()[0])) == (previous.hex(), number)
    assert number == len(WRITTEN)
    assert (tmp_path / STREAM / "head.json").read_bytes() == (
        b'{"seq":%d,"hash":"%s","records":%d}\n' % (number, digest, number)
    )


@settings(deadline=None, max_examples=sample(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_torn_last_frame_is_ignored_by_readers_and_cut_by_the_next_writer(tmp_path_factory, data):
    runs_dir = tmp_path_factory.mktemp("torn")
    log, ends = write(runs_dir, close=False)
    size = data.draw(st.integers(ends[-2] + 1, ends[-1] - 1))
    os.truncate(log, size)
    whole = sum(map(len, BATCHES[:-1]))
    assert read(runs_dir) == WRITTEN[:whole]
    assert log.stat().st_size == size
    assert go_on(runs_dir).epoch == 2
    back = read(runs_dir)
    assert back[:whole] == WRITTEN[:whole]
    assert [record.payload for record in back] == [record.payload for record in WRITTEN]
    assert verdict(runs_dir).ok


@settings(deadline=None, max_examples=sample(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_altered_byte_of_a_closed_file_is_found_in_its_frame(tmp_path_factory, data):
    runs_dir = tmp_path_factory.mktemp("altered")
    log, ends = write(runs_dir)
    content = bytearray(log.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    log.write_bytes(content)
    frame = next(i for i, end in enumerate(ends) if at < end)
    before = sum(map(len, BATCHES[:frame]))
    found = verdict(runs_dir)
    # What a frame says is covered, not how: a byte that changes nothing of it is no change of the log, and where one
    # unmakes its checksum alone, the checksum's bytes are what cannot be read, after the frame's records.
    assert found.ok or found.first_bad_seq in {before + 1, before + len(BATCHES[frame]) + 1}
    assert read_what_can_be(runs_dir) == WRITTEN[: found.records]
    if not found.ok:
        with pytest.raises(LogCorrupt):
            go_on(runs_dir)
        assert log.read_bytes() == content


@settings(deadline=None, max_examples=sample(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, len(WRITTEN) - 1), data=st.data())
def test_any_altered_byte_of_a_line_is_named_though_the_frame_is_made_anew(tmp_path_factory, place, data):
    runs_dir = tmp_path_factory.mktemp("edited")
    log, _ = write(runs_dir)

    def change(lines):
        line = bytearray(lines[place])
        at = data.draw(st.integers(0, len(line) - 1))
        line[at] ^= data.draw(st.integers(1, 255))
        return [*lines[:place], bytes(line), *lines[place + 1 :]]

    edit(log, change)
    assert verdict(runs_dir).first_bad_seq == place + 1


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        (lambda lines: lines[:20] + lines[21:], 21),
        (lambda lines: [*lines[:20], lines[21], lines[20], *lines[22:]], 21),
        (lambda lines: lines[:20] + lines[19:], 21),
        (lambda lines: lines[:20], 21),
        (lambda lines: [], 1),
        (lambda lines: [line.upper() if i == 20 else line for i, line in enumerate(lines)], 21),
    ],
    ids=["deleted", "swapped", "duplicated", "cut", "emptied", "shouted"],
)
def test_lines_deleted_swapped_duplicated_or_cut_are_named(tmp_path, change, bad):
    log, _ = write(tmp_path)
    edit(log, change)
    assert verdict(tmp_path).first_bad_seq == bad


def test_a_cut_tail_is_named_and_no_writer_goes_on_from_it(tmp_path):
    log, ends = write(tmp_path)
    os.truncate(log, ends[1])
    whole = sum(map(len, BATCHES[:2]))
    assert verdict(tmp_path).first_bad_seq == whole + 1
    with pytest.raises(LogCorrupt, match="were durable") as refused:
        go_on(tmp_path)
    assert refused.value.first_bad_seq == whole + 1
    assert log.stat().st_size == ends[1]


def test_a_damaged_frame_in_an_unclosed_log_is_not_taken_for_a_torn_one(tmp_path):
    log, ends = write(tmp_path, close=False)
    content = bytearray(log.read_bytes())
    content[ends[0] + 8 : ends[0] + 11] = b"\xff\xff\xff"  # a block that claims to be longer than the file
    log.write_bytes(content)
    assert verdict(tmp_path, anchored=False).first_bad_seq == len(BATCHES[0]) + 1
    with pytest.raises(LogCorrupt):
        go_on(tmp_path)
    assert log.read_bytes() == content


def test_sync_anchors_an_open_stream(tmp_path):
    async def run():
        store = FileLogStore(tmp_path)
        writer = await store.open(STREAM)
        assert store.anchor(STREAM) is None
        await writer.append(WRITTEN[:60])
        await writer.sync()
        assert store.anchor(STREAM) == Head(60, WRITTEN[59].hash)
        await writer.append(WRITTEN[60:])
        assert (await verify(store, STREAM, anchor=store.anchor(STREAM))).ok
        await writer.close()
        assert store.anchor(STREAM) == writer.head

    loop.run(run())


WRITER = """
import sys
from pathlib import Path
from tests.service.journal import entries
from service import loop
from service.log.file import FileLogStore
from service.log.record import Chain

async def main():
    writer = await FileLogStore(Path(sys.argv[1])).open("run/1")
    made = entries(40)
    chain = Chain(epoch=writer.epoch, head=writer.head)
    while True:
        await writer.append(chain.extend(made))
        print(writer.head.seq, flush=True)

loop.run(main())
"""


def started(runs_dir, **limits):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(runs_dir)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, **limits,
    )  # fmt: skip


def test_kill_9_loses_nothing_that_append_had_returned_from(tmp_path):
    with started(tmp_path) as writer:
        said = [int(writer.stdout.readline()) for _ in range(5)]
        os.kill(writer.pid, signal.SIGKILL)
        said += [int(line) for line in writer.stdout]
    back = read(tmp_path)
    assert back[-1].seq >= said[-1]
    assert verdict(tmp_path, anchored=False).ok


def test_a_full_disk_leaves_the_log_whole_and_says_so(tmp_path):
    import resource

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    with started(tmp_path, preexec_fn=limit) as writer:
        last = int(writer.stdout.read().split()[-1])
        assert re.search(r"CandledError: .*log.zst cannot be written: File too large", writer.stderr.read())
    assert read(tmp_path)[-1].seq == last
    assert verdict(tmp_path, anchored=False).ok
