"""The proof itself, on records at hand: whatever is done to a log, the first bad record is named."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from kernel.codec import EVENT_TYPES, MESSAGE_TYPES
from service.log.record import GENESIS, Head, Record, chained_hash
from service.log.verify import Verdict, check
from tests.service.journal import records

LOG = records(30)
END = Head(LOG[-1].seq, LOG[-1].hash)
somewhere = st.integers(0, len(LOG) - 1)


def independent_head(log):
    """The documented rule, written down once more: nothing of the log's own code is used."""
    previous = b"\0" * 32
    for r in log:
        header = " ".join([str(r.seq), str(r.epoch), r.type, str(r.schema_version), str(r.ts)]) + " "
        previous = sha256(previous + header.encode("ascii") + r.payload).digest()
        assert previous == r.hash
    return previous


def rechained(log, start):
    """The log with every hash from place `start` on computed anew: what a forger would do."""
    previous = log[start - 1].hash if start else GENESIS
    forged = log[:start]
    for record in log[start:]:
        previous = chained_hash(previous, record)
        forged.append(record._replace(hash=previous))
    return forged


def bad_at(verdict: Verdict) -> int | None:
    assert verdict.ok is (verdict.first_bad_seq is None) is (verdict.reason is None)
    assert verdict.ok or verdict.records == verdict.first_bad_seq - 1
    return verdict.first_bad_seq


def test_a_whole_log_passes_and_an_independent_reading_of_the_rule_agrees():
    assert check(LOG, anchor=END, ended=True) == Verdict(ok=True, records=len(LOG))
    assert independent_head(LOG) == END.hash
    assert check([]).ok


@given(place=somewhere, field=st.sampled_from(Record._fields), data=st.data())
def test_any_altered_field_is_found(place, field, data):
    old = getattr(LOG[place], field)
    if isinstance(old, bytes):
        at = data.draw(st.integers(0, len(old) - 1))
        new = old[:at] + bytes([old[at] ^ data.draw(st.integers(1, 255))]) + old[at + 1 :]
    elif isinstance(old, str):
        new = data.draw(st.sampled_from(sorted({*MESSAGE_TYPES, *EVENT_TYPES} - {old})))
    else:
        new = data.draw(st.integers(-(2**63), 2**63 - 1).filter(lambda n: n != old))
    forged = LOG.copy()
    forged[place] = LOG[place]._replace(**{field: new})
    assert bad_at(check(forged)) == place + 1


@given(place=somewhere)
def test_a_deleted_record_is_named_by_the_seq_that_is_missing(place):
    assert bad_at(check(LOG[:place] + LOG[place + 1 :], anchor=END)) == place + 1


@given(place=somewhere, other=somewhere)
def test_a_duplicated_or_inserted_record_is_found(place, other):
    forged = LOG[:place] + [LOG[other]] + LOG[place:]
    assert bad_at(check(forged, anchor=END, ended=True)) in {place + 1, place + 2}


@given(places=st.lists(somewhere, min_size=2, max_size=2, unique=True))
def test_two_swapped_records_are_found(places):
    first, second = sorted(places)
    forged = LOG.copy()
    forged[first], forged[second] = forged[second], forged[first]
    assert bad_at(check(forged)) == first + 1


@given(place=somewhere)
def test_swapped_contents_under_the_right_seqs_are_found(place):
    other = (place + 7) % len(LOG)
    forged = LOG.copy()
    forged[place] = LOG[other]._replace(seq=place + 1)
    forged[other] = LOG[place]._replace(seq=other + 1)
    assert bad_at(check(forged)) == min(place, other) + 1


@given(keep=somewhere)
def test_a_cut_tail_is_found_by_the_anchor_alone(keep):
    assert check(LOG[:keep]).ok
    assert bad_at(check(LOG[:keep], anchor=END)) == keep + 1


@given(place=somewhere)
def test_a_log_written_anew_is_found_by_the_anchor(place):
    forged = LOG.copy()
    ts = LOG[place].ts
    payload = LOG[place].payload.replace(b'"ts":%d' % ts, b'"ts":%d' % (ts + 1))
    forged[place] = LOG[place]._replace(ts=ts + 1, payload=payload)
    forged = rechained(forged, place)
    assert check(forged).ok
    verdict = check(forged, anchor=END)
    assert "anew" in verdict.reason
    assert bad_at(verdict) == END.seq


@given(place=somewhere)
def test_records_added_after_the_end_are_found(place):
    anchor = Head(place + 1, LOG[place].hash)
    assert check(LOG, anchor=anchor).ok
    assert bad_at(check(LOG, anchor=anchor, ended=True)) == (None if place == len(LOG) - 1 else place + 2)


@given(place=somewhere, field=st.sampled_from(["type", "ts"]))
def test_a_header_that_contradicts_its_payload_is_found_though_its_hash_is_right(place, field):
    forged = LOG.copy()
    other = {
        "type": "MarketEnded" if LOG[place].type != "MarketEnded" else "StreamOpened",
        "ts": LOG[place].ts * 10 + 5,
    }
    forged[place] = LOG[place]._replace(**{field: other[field]})
    verdict = check(rechained(forged, place))
    assert "payload" in verdict.reason
    assert bad_at(verdict) == place + 1


def test_an_epoch_that_falls_is_found():
    forged = [record._replace(epoch=2) for record in LOG[:10]] + LOG[10:]
    assert bad_at(check(rechained(forged, 0))) == 11


def test_every_payload_begins_with_its_type_and_time():
    """The proof relies on it: the codec puts the type first, and every message and event declares `ts` first."""
    for kind in (MESSAGE_TYPES | EVENT_TYPES).values():
        assert kind.__struct_fields__[0] == "ts", kind
