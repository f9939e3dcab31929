"""`candled data ...` as a user types it: its JSON, its tables, its exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.programs import inside
from tests.research.candle_files import expected_id, some_rows, write_csv, write_vendor_ms

CANDLED = Path(sys.executable).parent / "candled"
MARKET = ("--venue", "binance", "--symbol", "BTC/USDT", "--timeframe", "1m")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("commands")


def candled(home: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [CANDLED, "data", *arguments, "--data-dir", home / "data"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def asked(home: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return inside("data", *arguments, "--data-dir", home / "data")


def imported(home: Path) -> dict:
    """Ten rows of which two files share two, and one is missing."""
    rows = some_rows(11)
    one, other = write_csv(home / "one", rows[:6]), write_vendor_ms(home / "other", [*rows[4:6], *rows[7:]])
    done = asked(home, "import", one, other, *MARKET, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_import_answers_with_the_promised_json(home):
    result = imported(home)
    promised = {
        "dataset": expected_id([row for i, row in enumerate(some_rows(11)) if i != 6]),
        "venue": "binance",
        "symbol": "BTC/USDT",
        "timeframe": "1m",
        "rows": 10,
        "first": "2022-01-01T00:00:00Z",
        "last": "2022-01-01T00:10:00Z",
        "gaps": 1,
        "missing": 1,
        "duplicates": 2,
    }
    assert list(result.items())[: len(promised)] == list(promised.items())
    assert result["new"] is True
    again = imported(home)
    assert (again["dataset"], again["duplicates"], again["new"]) == (result["dataset"], 2, False)


def test_people_see_a_table_and_the_next_step(home):
    dataset = imported(home)["dataset"]
    told = candled(home, "import", home / "one.csv", *MARKET)
    assert "candled backtest examples/ema_cross.toml --dataset " in told.stdout
    assert "1, 1 candles missing" in asked(home, "show", dataset[:8]).stdout
    listed = asked(home, "list").stdout
    assert dataset[:12] in listed
    assert "BTC/USDT 1m" in listed


def test_list_and_show_answer_in_json(home):
    dataset = imported(home)["dataset"]
    manifests = json.loads(candled(home, "list", "--json").stdout)["datasets"]
    assert dataset in [manifest["dataset"] for manifest in manifests]
    shown = json.loads(asked(home, "show", dataset[:10], "--rows", "2", "--json").stdout)
    assert list(shown["candles"][1].values()) == ["2022-01-01T00:01:00Z", "101.1", "103.5", "100", "102.25", "1.125"]


def test_a_bad_file_is_exit_code_2_with_file_row_and_reason(home):
    rows = some_rows(5)
    rows[2] = rows[2]._replace(high="1")
    refused = candled(home, "import", write_csv(home / "bad", rows), *MARKET, "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "bad.csv, row 3 (line 4): high 1, low 101: high is below low" in refused.stderr.replace("\n", "")


@pytest.mark.parametrize(
    "arguments",
    [("import", *MARKET), ("import", "x.csv", *MARKET, "--format", "xls"), ("show", "abc"), ("show", "abcdef01")],
)
def test_a_request_that_cannot_be_met_is_exit_code_2(home, arguments):
    done = asked(home, *arguments)
    assert done.returncode == 2
    assert "try:" in done.stderr


def test_verify_finds_every_kind_of_tampering(tmp_path):
    dataset = imported(tmp_path)["dataset"]
    directory = tmp_path / "data" / "datasets" / dataset
    good = json.loads(asked(tmp_path, "verify", dataset[:12], "--json").stdout)
    assert (good["ok"], good["differs"]) == (True, [])
    manifest = (directory / "manifest.json").read_text()
    (directory / "manifest.json").chmod(0o644)
    for before, after in (('"gaps": 1', '"gaps": 0'), ('"symbol": "BTC/USDT"', '"symbol": "BTC/USDC"')):
        (directory / "manifest.json").write_text(manifest.replace(before, after))
        found = asked(tmp_path, "verify", dataset, "--json")
        assert found.returncode == 1
        assert json.loads(found.stdout)["ok"] is False
    (directory / "manifest.json").write_text(manifest)
    (attachment,) = (tmp_path / "data" / "attachments").glob("[0-9a-f]*")
    columns = attachment / "columns.parquet"
    columns.chmod(0o644)
    columns.write_bytes(columns.read_bytes()[:-9])
    found = candled(tmp_path, "verify", dataset)
    assert (found.returncode, f"attachment {attachment.name[:12]}" in found.stderr) == (1, True)
