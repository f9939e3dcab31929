"""The kill switch's file: what was promised is there, whatever died, tore or filled up."""

import json
import os
import stat
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import CandledError, UsageError
from kernel.limits import Limits
from kernel.messages import AmendOrder, CancelAllOrders, CancelOrder, ChangeLimits, SetTradingState, SwitchFeatureGroup
from service.daemon import spool as spools
from service.daemon.spool import ROOM, Spool
from tests.service.daemon.spool_deaths import STEPS, command

ROOT = Path(__file__).resolve().parents[3]
EVERY_KIND = [
    SetTradingState(5, 1, "halted", "ema\n\0\r", flatten=True, actor="\u20ac operator", key="k1"),
    CancelAllOrders(6, 1, "ema", "BTC/USDT", "operator", "k2"),
    CancelOrder(7, 2, 9, "operator", "k3"),
    AmendOrder(7, 2, 9, Decimal("1.500"), None, Decimal("1E-8"), "operator", "k4"),
    SwitchFeatureGroup(8, 2, "slow", enabled=False, key="k5"),
    ChangeLimits(9, 2, "", Limits(), "operator", "k6"),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spool"


def keys(spool):
    return [pending.key for pending in spool.pending()]


def test_every_kind_of_command_comes_back_in_order_after_a_restart(path):
    spool = Spool(path)
    for each in EVERY_KIND:
        spool.add(each)
    spool.close()
    again = Spool(path)
    assert again.damaged == []
    assert again.pending() == EVERY_KIND
    again.close()


def test_what_is_done_is_pending_no_more_and_a_file_of_done_ones_is_as_new(path):
    spool = Spool(path)
    new = path.read_bytes()
    assert new == bytes(ROOM)
    for each in EVERY_KIND:
        spool.add(each)
    for each in EVERY_KIND[:0:-1]:
        spool.done(each.key)
    assert spool.pending() == EVERY_KIND[:1]
    assert path.read_bytes() != new
    spool.done("k1")
    spool.done("never there")
    assert spool.pending() == []
    assert path.read_bytes() == new
    spool.add(EVERY_KIND[3])
    assert spool.pending() == EVERY_KIND[3:4]
    spool.close()


def test_nobody_else_may_read_it_whatever_it_was_before(path):
    path.touch(mode=0o644)
    old = os.umask(0)
    try:
        Spool(path).close()
        Spool(path.with_name("new")).close()
    finally:
        os.umask(old)
    for each in (path, path.with_name("new")):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600


def test_the_same_command_again_is_one_and_another_under_its_key_is_refused(path):
    spool = Spool(path)
    spool.add(EVERY_KIND[1])
    spool.add(CancelAllOrders(99, 3, "ema", "BTC/USDT", "operator", "k2"))
    assert spool.pending() == EVERY_KIND[1:2]
    with pytest.raises(UsageError, match="another command's"):
        spool.add(CancelAllOrders(6, 1, "", "BTC/USDT", "operator", "k2"))
    with pytest.raises(UsageError, match="needs a key"):
        spool.add(CancelAllOrders(6, 1, "", "", "operator", ""))
    assert spool.pending() == EVERY_KIND[1:2]
    spool.close()


@settings(max_examples=25)  # each costs a dozen fsyncs
@given(earlier=st.integers(0, 3), cut=st.integers(0, 400), junk=st.binary(max_size=40))
def test_a_torn_last_line_is_told_of_and_nothing_else_is_lost(tmp_path_factory, earlier, cut, junk):
    path = tmp_path_factory.mktemp("torn") / "spool"
    spool = Spool(path)
    for each in EVERY_KIND[:earlier]:
        spool.add(each)
    whole = path.read_bytes().rstrip(b"\0")
    spool.add(EVERY_KIND[4])
    spool.close()
    line = path.read_bytes().rstrip(b"\0")[len(whole) :]
    torn = line[: min(cut, len(line) - 1)] + junk.replace(b"\0", b"")
    if torn == line:
        return
    path.write_bytes(whole + torn + bytes(ROOM - len(whole) - len(torn)))

    again = Spool(path)
    assert again.pending() == EVERY_KIND[:earlier]
    assert bool(again.damaged) is bool(torn)
    again.add(EVERY_KIND[5])
    again.close()
    third = Spool(path)
    assert (third.pending(), third.damaged) == ([*EVERY_KIND[:earlier], EVERY_KIND[5]], [])
    third.close()


@settings(max_examples=25)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_costs_no_more_than_its_own_line_and_never_makes_another_command(tmp_path_factory, place, bit):
    path = tmp_path_factory.mktemp("flipped") / "spool"
    spool = Spool(path)
    for each in EVERY_KIND:
        spool.add(each)
    spool.close()
    content = bytearray(path.read_bytes())
    used = len(content.rstrip(b"\0"))
    content[place % used] ^= 1 << bit
    path.write_bytes(content)
    again = Spool(path)
    left = again.pending()
    again.close()
    assert all(each in EVERY_KIND for each in left)
    if content[place % used]:  # a zero is where the lines end
        assert len(left) >= len(EVERY_KIND) - 2
    assert again.damaged or not content[place % used]


def test_killed_at_every_change_of_the_file_it_keeps_every_promise(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "tests.service.daemon.spool_deaths", tmp_path],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    deaths = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(deaths) > 2 * len(STEPS)
    for death in deaths:
        told = {step[1:] for step in death["said"] if step[0] == "!"}
        begun = {step[1:] for step in death["said"] if step[0] == "?"}
        spool = Spool(Path(death["path"]))
        pending = keys(spool)
        must = {step[1:] for step in told if step[0] == "+" and f"-{step[1:]}" not in begun}
        may = {step[1:] for step in begun if step[0] == "+"}
        assert must <= set(pending) <= may, death
        assert pending == sorted(pending)
        spool.add(command("z"))
        spool.close()
        again = Spool(Path(death["path"]))
        assert keys(again) == [*pending, "z"]
        assert again.damaged == []
        again.close()
    assert deaths[-1]["said"][-1] == f"!{STEPS[-1]}"


GROWN = """
import resource, sys
from pathlib import Path
from kernel.errors import CandledError
from service.daemon.spool import ROOM, Spool
from tests.service.daemon.spool_deaths import command

resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM + 1000, resource.RLIM_INFINITY))
spool = Spool(Path(sys.argv[1]))
added = 0
try:
    while True:
        spool.add(command(f"key-{added}"))
        added += 1
except CandledError as error:
    print(added, len(spool.pending()), Path(sys.argv[1]).read_bytes().endswith(b"}\\n"), error)
resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM + 100_000, resource.RLIM_INFINITY))
spool.add(command("after"))
print(len(spool.pending()))
for command in spool.pending():
    spool.done(command.key)
"""


def test_beyond_its_room_it_grows_and_a_disk_that_refuses_takes_nothing_back(path):
    ran = subprocess.run(
        [sys.executable, "-c", GROWN, path],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    refused, after = ran.stdout.splitlines()
    added, pending, whole, why = refused.split(" ", 3)
    assert int(added) == int(pending) > 200
    assert whole == "True", "no half of the refused one is left"
    assert "File too large" in why
    assert int(after) == int(added) + 1
    assert path.read_bytes() == bytes(ROOM)


def test_threads_and_a_former_owner_write_beside_each_other(path):
    mine, theirs = Spool(path), Spool(path)
    threads = [
        threading.Thread(target=lambda s=s, n=n: [s.add(command(f"{n}-{i}")) for i in range(20)])
        for n, s in enumerate((mine, mine, theirs))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(keys(mine)) == sorted(f"{n}-{i}" for n in range(3) for i in range(20))
    for key in keys(mine)[:-1]:
        mine.done(key)
    assert len(mine.pending()) == 1
    assert len(theirs.pending()) == 60, "what one has done the other does again, and the keys tell"
    mine.close()
    theirs.close()


def test_a_stopped_owner_that_holds_the_lock_is_told_of(path, monkeypatch):
    monkeypatch.setattr(spools, "LOCK_S", 0.05)
    held, other = Spool(path), Spool(path)
    with held._locked(), pytest.raises(CandledError, match="held by another process"):
        other.add(command("a"))
    other.add(command("a"))
    held.close()
    other.close()
