"""Replay finds the first record that is not what was executed: whatever was altered, dropped, moved or made up."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made import EMA_CROSS, ROOT, Ran, dataset, run, walk
from made import records as records_of

from kernel.errors import NotFound
from service.log.file import LOG_FILE
from service.log.frames import compress
from service.log.record import GENESIS, chained_hash
from service.runs import resolve, runs_dir
from venues.dataset import datasets_dir

CANDLED = Path(sys.executable).with_name("candled")


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> Ran:
    """A short run, filled at the next open: about ninety records, of every type that a backtest makes."""
    data_dir = tmp_path_factory.mktemp("replay")
    return run(data_dir, [dataset(data_dir, walk(420))], EMA_CROSS, "venue.fill=next_open")


def rechained(records) -> list:
    """A forger's work: the same records, numbered and hashed so that the chain is whole."""
    made, previous = [], GENESIS
    for seq, record in enumerate(records, 1):
        numbered = record._replace(seq=seq)
        previous = chained_hash(previous, numbered)
        made.append(numbered._replace(hash=previous))
    return made


def altered(record):
    """The record with one digit of its payload changed: the last one that is not the event's time."""
    start = record.payload.index(b",", record.payload.index(b'"ts":'))
    place = max(i for i, byte in enumerate(record.payload) if chr(byte).isdigit() and i > start)
    digit = b"%d" % ((record.payload[place] - 48 + 1) % 10)
    return record._replace(payload=record.payload[:place] + digit + record.payload[place + 1 :])


def test_a_recorded_run_comes_out_equal(ran):
    outcome = ran.replayed(ended=ran.head)
    assert (outcome.events, outcome.first_divergence) == (ran.result.events, None)
    assert {r.type for r in ran.records} >= {
        "StreamOpened",
        "OrderFilled",
        "CandlesSkipped",
        "EquityMarked",
        "MarketEnded",
    }


def test_every_altered_payload_is_named_whether_or_not_its_hash_was_made_anew(ran):
    records = ran.records
    for place, record in enumerate(records):
        forged = altered(record)
        changed = [*records[:place], forged, *records[place + 1 :]]
        for log in (changed, rechained(changed)):
            assert ran.replayed(log).first_divergence.seq == record.seq, record


def test_every_record_that_is_dropped_doubled_or_swapped_is_named(ran):
    records = ran.records
    for place, record in enumerate(records[:-1]):
        dropped = [*records[:place], *records[place + 1 :]]
        doubled = [*records[: place + 1], *records[place:]]
        swapped = [*records[:place], records[place + 1], record, *records[place + 2 :]]
        for log, seq in ((dropped, record.seq), (doubled, record.seq + 1), (swapped, record.seq)):
            assert ran.replayed(log).first_divergence.seq == seq, record
            assert seq <= ran.replayed(rechained(log)).first_divergence.seq <= seq + 1, record


@pytest.mark.parametrize(
    ("kind", "field", "forged"),
    [
        ("OrderFilled", "quantity", b'"NaN"'),
        ("OrderFilled", "quantity", b'"1E+400"'),
        ("OrderFilled", "price", b'"-1"'),
        ("OrderFilled", "fee", b'"-1"'),
        ("OrderFilled", "fee_asset", b'""'),
        ("OrderFilled", "order", b"99"),
        ("OrderAccepted", "order", b'"three"'),
        ("OrderAccepted", "after", b"99999"),
        ("OrderFilled", "type", b'"OrderLost"'),
    ],
)
def test_a_forged_report_is_named_whatever_it_says(ran, kind, field, forged):
    records = ran.records
    place = [i for i, r in enumerate(records) if r.type == kind][2]
    payload = re.sub(
        rb'"%s":("[^"]*"|\d+)' % field.encode(), b'"%s":%s' % (field.encode(), forged), records[place].payload
    )
    assert payload != records[place].payload
    log = rechained([*records[:place], records[place]._replace(payload=payload), *records[place + 1 :]])
    assert ran.replayed(log).first_divergence.seq == place + 1


def test_a_type_or_version_that_nobody_knows_is_named(ran):
    records = ran.records
    for change in ({"schema_version": 9}, {"type": "OrderLost"}):
        place = next(i for i, r in enumerate(records) if r.type == "OrderFilled")
        log = rechained([*records[:place], records[place]._replace(**change), *records[place + 1 :]])
        assert ran.replayed(log).first_divergence.seq == place + 1


def test_the_account_cannot_be_opened_richer_than_the_definition_says(ran):
    opened = ran.records[0]
    rich = opened._replace(payload=opened.payload.replace(b'"USDT":"100000000"', b'"USDT":"900000000"'))
    assert rich != opened
    assert ran.replayed(rechained([rich, *ran.records[1:]])).first_divergence.seq == 1
    assert ran.replayed(rechained(ran.records[1:])).first_divergence.seq == 1


def test_a_log_that_was_cut_is_replayed_as_far_as_it_goes_and_is_whole_only_if_the_run_never_ended(ran):
    records = ran.records
    for length in range(1, len(records), 7):
        as_far = ran.replayed(records[:length])
        assert (as_far.events, as_far.first_divergence) == (length, None)
        cut = ran.replayed(records[:length], ended=ran.head)
        assert (cut.events, cut.first_divergence.seq) == (length, length + 1)
        assert f"the execution ended with record {len(records)}" in cut.first_divergence.replayed


def test_a_log_that_goes_on_after_the_end_differs_there(ran):
    records = ran.records
    longer = rechained([*records, records[-1]])
    assert ran.replayed(longer).first_divergence.seq == len(records) + 1


def test_an_empty_log_says_so(ran):
    execution = resolve(ran.data_dir, ran.result.stream)
    (execution.path.parent / "9").mkdir()
    with pytest.raises(NotFound, match="no log file"):
        records_of(ran.data_dir, f"{execution.run}/9")
    (execution.path.parent / "9" / LOG_FILE).touch()
    with pytest.raises(NotFound, match="is empty"):
        records_of(ran.data_dir, f"{execution.run}/9")


def candled(data_dir: Path, *words, **environment) -> subprocess.CompletedProcess:
    command = [CANDLED, *words, "--data-dir", data_dir]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)


def test_the_command_answers_with_exit_code_1_and_the_seq(ran, tmp_path):
    """On a copy, whose log is forged where its file is."""
    import shutil

    home = shutil.copytree(ran.data_dir, tmp_path / "copy")
    records = ran.records
    for path in datasets_dir(home).rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    log = runs_dir(home) / ran.result.stream / LOG_FILE
    place = next(i for i, record in enumerate(records) if record.type == "PositionChanged")
    log.write_bytes(compress(rechained([*records[:place], altered(records[place]), *records[place + 1 :]])))
    done = candled(home, "replay", ran.result.stream, "--verify", "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert (answer["equal"], answer["first_divergence"]["seq"], answer["events"]) == (False, place + 1, place)
    assert "Traceback" not in done.stderr
    without = candled(home, "replay", ran.result.stream, "--json")
    assert without.returncode == 0


def test_a_backtest_that_was_killed_replays_as_far_as_it_went(tmp_path):
    data_dir = tmp_path / "killed"
    market = dataset(data_dir, walk(60_000))
    command = [CANDLED, "backtest", EMA_CROSS, "--dataset", market.manifest.dataset, "--data-dir", data_dir]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (logs := [p for p in data_dir.glob(f"runs/*/1/{LOG_FILE}") if p.stat().st_size > 200_000]):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    run_id = logs[0].parent.parent.name
    done = candled(data_dir, "replay", run_id, "--verify", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["equal"]
    assert answer["events"] > 500
    assert answer["first_divergence"] is None
    whole = run(data_dir, [market])
    assert whole.result.stream == f"{run_id}/2"
    assert answer["events"] < whole.result.events
    assert records_of(data_dir, f"{run_id}/1") == whole.records[: answer["events"]]


def test_other_code_is_noted(ran, tmp_path):
    """The definition names the code; a replay by other code says so before it says anything else."""
    import shutil

    house = tmp_path / "house"
    for room in ("kernel", "venues", "service", "research"):
        shutil.copytree(ROOT / room, house / room, ignore=shutil.ignore_patterns("__pycache__"))
    with (house / "venues" / "fills.py").open("a") as source:
        source.write("# other code\n")
    done = candled(ran.data_dir, "replay", ran.result.stream, "--verify", "--json", PYTHONPATH=str(house))
    assert done.returncode == 0
    assert json.loads(done.stdout)["equal"]
    assert "note: the code of venues is not the code that ran" in " ".join(done.stderr.split())
