"""`candled log` and `candled db` as a user and a program meet them."""

import json
import sys

import pytest

from migrations import REVISION
from service import loop
from service.cli.main import main
from service.log.anchor import write_anchor
from service.log.file import LOG_FILE, FileLogStore
from service.log.postgres import PostgresLogStore
from service.log.record import Head
from service.runs import Outcome, next_execution, runs_dir
from tests.service.journal import records
from tests.service.servers import in_database

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")

RUN = "ab12cd" + "0" * 58
WRITTEN = records(20)


@pytest.fixture
def candled(tmp_path, monkeypatch, capsys):
    """Call a verb; gives its exit code, what it printed, and what it said on stderr."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["candled", *arguments, "--data-dir", str(tmp_path)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def write(store, data_dir, home):
    """A finished execution of RUN in a store, of the kind that `home` names."""

    async def run():
        execution = next_execution(data_dir, RUN)
        writer = await store.open(execution.stream)
        await writer.append(WRITTEN)
        await writer.close()
        execution.finish(Outcome(execution.stream, home, writer.head.hash.hex(), writer.head.seq))
        await store.close()
        return execution

    return loop.run(run())


@pytest.fixture
def execution(tmp_path):
    return write(FileLogStore(runs_dir(tmp_path)), tmp_path, "file")


def test_verify_says_so_when_all_is_well(candled, execution):
    code, out, _ = candled("log", "verify", RUN[:6], "--json")
    assert (code, json.loads(out)) == (
        0, {"ok": True, "records": len(WRITTEN), "first_bad_seq": None, "reason": None},
    )  # fmt: skip
    assert candled("log", "verify", f"{RUN}/1")[:2] == (
        0, f"whole: {len(WRITTEN)} records, every hash and the end as written\n"
    )  # fmt: skip


def test_verify_names_the_first_bad_record_and_exits_4(candled, execution):
    log = execution.path / LOG_FILE
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    code, out, err = candled("log", "verify", RUN, "--json")
    verdict = json.loads(out)
    assert (code, verdict["ok"], verdict["records"], verdict["first_bad_seq"]) == (4, False, 0, 1)
    assert verdict["reason"] in err.replace("\n", "")


def test_a_log_and_its_anchor_cut_alike_are_found_by_the_executions_own_record(candled, execution, tmp_path):
    """Whoever cuts the tail and writes head.json anew still meets execution.json; and the other way round."""
    (execution.path / LOG_FILE).unlink()
    (execution.path / "head.json").unlink()

    async def rewrite():
        writer = await FileLogStore(runs_dir(tmp_path)).open(execution.stream)
        await writer.append(records(20, epoch=writer.epoch)[:50])
        await writer.close()
        return writer.head

    (execution.path / "epoch").unlink()
    head = loop.run(rewrite())
    code, out, _ = candled("log", "verify", RUN, "--json")
    assert (code, json.loads(out)["first_bad_seq"]) == (4, 51)
    execution.finish(Outcome(execution.stream, "file", head.hash.hex(), head.seq))
    assert candled("log", "verify", RUN)[0] == 0
    write_anchor(execution.path, Head(49, WRITTEN[48].hash))
    code, out, _ = candled("log", "verify", RUN, "--json")
    assert (code, json.loads(out)["first_bad_seq"]) == (4, 50)


def test_show_prints_records_as_they_are(candled, execution):
    _, out, _ = candled("log", "show", RUN, "--from", "3", "--limit", "2", "--json")
    shown = json.loads(out)["records"]
    assert [record["seq"] for record in shown] == [3, 4]
    assert [record["payload"] for record in shown] == [json.loads(record.payload) for record in WRITTEN[2:4]]
    assert shown[0]["hash"] == WRITTEN[2].hash.hex()
    _, out, _ = candled("log", "show", RUN, "--type", "OrderFilled", "--limit", "3", "--json")
    assert [record["type"] for record in json.loads(out)["records"]] == ["OrderFilled"] * 3
    code, out, _ = candled("log", "show", RUN, "--limit", "1")
    assert code == 0
    assert "1970-01-01T00:00:00Z" in out
    assert "StreamOpened" in out


def test_head_prints_the_head(candled, execution):
    assert candled("log", "head", RUN)[:2] == (0, f"{len(WRITTEN)} {WRITTEN[-1].hash.hex()}\n")
    assert json.loads(candled("log", "head", RUN, "--json")[1]) == {
        "stream": f"{RUN}/1", "seq": len(WRITTEN), "hash": WRITTEN[-1].hash.hex(),
    }  # fmt: skip


def test_a_run_that_is_not_there_exits_2_and_names_what_is(candled, execution):
    code, out, err = candled("log", "verify", "ab12ce")
    assert (code, out) == (2, "")
    assert RUN[:12] in err


def test_a_run_in_the_database_is_found_there_and_a_stream_by_its_name(candled, tmp_path, postgres):
    execution = write(PostgresLogStore(postgres.database), tmp_path, "postgres")
    url = ("--database-url", postgres.url)
    code, out, _ = candled("log", "verify", RUN, "--json", *url)
    assert (code, json.loads(out)["records"]) == (0, len(WRITTEN))
    code, out, _ = candled("log", "head", execution.stream, "--store", "postgres", *url)
    assert out.split()[1] == WRITTEN[-1].hash.hex()
    loop.run(
        postgres.forge(
            "DELETE FROM candled.events WHERE seq = 30"
            f" AND stream_id = (SELECT id FROM candled.streams WHERE name = '{execution.stream}')"
        )
    )
    code, out, _ = candled("log", "verify", RUN, "--json", *url)
    assert (code, json.loads(out)["first_bad_seq"]) == (4, 30)
    assert candled("log", "verify", "no-such-stream", "--store", "postgres", *url)[0] == 2


def test_upgrade_and_rebuild_speak_json(candled, embedded_server):
    url = in_database(embedded_server.admin_url, loop.run(embedded_server.make_database()))
    code, _, err = candled("db", "rebuild", "--database-url", url)
    assert (code, "candled db upgrade" in err) == (2, True)
    code, out, _ = candled("db", "upgrade", "--json", "--admin-url", url)
    assert (code, json.loads(out)["before"], json.loads(out)["after"]) == (0, None, REVISION)
    code, out, _ = candled("db", "rebuild", "--database-url", url, "--json")
    assert (code, json.loads(out)) == (0, {"streams": 0})
    password = url.partition("@")[0].rpartition(":")[2]
    code, out, err = candled("db", "upgrade", "--admin-url", url.replace("/test_", "/not_there_"))
    assert code == 2
    assert password not in out + err
