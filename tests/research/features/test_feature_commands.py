"""`candled features ...` as a user types it: its JSON, its files, its exit codes."""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from kernel.errors import UsageError
from kernel.features.catalogue.index import catalogue
from kernel.features.declaration import checked
from kernel.features.transform import read_transform
from service.cli.main import app
from tests.cli.programs import inside
from tests.research.features.markets import a_dataset, hot, same_bits

CANDLED = Path(sys.executable).parent / "candled"
FEW = ("rsi_14", "sma_20", "rsi_14_5m", "hour")
CROSS = [f.name for f in catalogue() if any("ETH/USDT:" in text for text in f.inputs)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("commands")


@pytest.fixture(scope="module")
def btc(home):
    return a_dataset(home)


def candled(home, *arguments):
    command = [CANDLED, "features", *arguments, "--data-dir", home]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def asked(home, *arguments, **environment):
    return inside("features", *arguments, "--data-dir", home, **environment)


def told(home, *arguments, **environment):
    done = asked(home, *arguments, "--json", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_list_tells_every_feature_in_the_promised_form(home):
    features = told(home, "list")["features"]
    assert [f["name"] for f in features] == [f.name for f in catalogue()]
    promised = ["name", "kind", "inputs", "params", "group", "warmup"]
    for listed, declared in zip(features, map(checked, catalogue()), strict=True):
        assert list(listed)[:6] == promised
        assert set(listed) <= {*promised, "timeframe", "output"}
        assert (tuple(listed["inputs"]), listed["params"]) == (declared.inputs, declared.params)
    assert next(f for f in features if f["name"] == "rsi_14")["warmup"] == 15


def test_list_counts_warm_up_in_the_candles_that_are_asked_for(home):
    features = told(home, "list", "--group", "momentum", "--timeframe", "5m")["features"]
    warmups = {f["name"]: f["warmup"] for f in features}
    assert {f["group"] for f in features} == {"momentum"}
    assert (warmups["rsi_14"], warmups["rsi_14_5m"], warmups["rsi_14_1h"]) == (15, 15, 11 + 15 * 12)
    hours = told(home, "list", "--timeframe", "1h")["features"]
    assert {f["warmup"] for f in hours if f.get("timeframe") == "5m"} == {None}


def test_show_tells_what_a_feature_is_and_who_reads_it(home):
    shown = told(home, "show", "rsi_14")
    assert (shown["kind"], shown["memory"], shown["cost"]) == ("rsi", "recursive", "O(1)")
    assert shown["reads"] == [{"input": "close", "reads": []}]
    assert "Wilder" in shown["about"]
    reader = next(f for f in catalogue() if f.inputs[:1] == ("rsi_14",))
    assert reader.name in shown["read_by"]
    assert reader.name in candled(home, "show", "rsi_14").stdout
    assert told(home, "show", reader.name)["reads"][0] == {"input": "rsi_14", "reads": shown["reads"]}


def test_graph_tells_nodes_after_what_they_read(home, tmp_path):
    dot = tmp_path / "few.dot"
    nodes = told(home, "graph", "rsi_14_5m", "hour", "--out", dot)["nodes"]
    names = [node["name"] for node in nodes]
    assert {"MARKET", "CANDLES", "BARS_5m", "CLOSE_5m", "MINUTE", "rsi_14_5m", "hour"} == set(names)
    assert all(names.index(read) < names.index(node["name"]) for node in nodes for read in node["reads"])
    assert "CLOSE_5m -> rsi_14_5m" in dot.read_text()


def test_graph_is_drawn_where_graphviz_is(home, tmp_path):
    """A stand-in takes graphviz's place: it says how it was called."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "dot").write_text('#!/bin/sh\necho "$@"; cat\n')
    (tools / "dot").chmod(0o755)
    svg = tmp_path / "one.svg"
    with_it, without = f"{tools}:{os.environ['PATH']}", str(Path("/bin/sh").resolve().parent / "nothing")
    drawn = asked(home, "graph", "hour", "--out", svg, PATH=with_it)
    assert "hour <- CANDLES, MINUTE" in drawn.stdout
    assert "-Tsvg" in svg.read_text()
    assert "MINUTE -> hour" in svg.read_text()
    refused = asked(home, "graph", "hour", "--out", tmp_path / "two.svg", PATH=without)
    assert (refused.returncode, "graphviz is not installed" in refused.stderr) == (2, True)


def test_compute_writes_the_values_of_the_hot_path(home, btc, tmp_path):
    out = tmp_path / "some.parquet"
    arguments = ("--only", ",".join(FEW), "--from", "2022-01-01T03:00Z", "--to", "2022-01-01T08:00Z", "--out", out)
    result = told(home, "compute", "--dataset", btc.manifest.dataset[:8], *arguments)
    table = pq.read_table(out)
    times = table["open_time"].cast("int64").to_numpy()
    assert str(table.schema.field("open_time").type) == "timestamp[ns, tz=UTC]"
    assert table.column_names == ["open_time", *FEW]
    whole = np.concatenate([block.open_time for block in btc.blocks()])
    inside = np.isin(whole, times)
    assert (whole[inside] == times).all()
    assert (result["rows"], result["first"]) == (len(times), "2022-01-01T03:00:00Z")
    expected = hot([btc], catalogue(), FEW)
    same_bits({name: table[name].to_numpy() for name in FEW}, {name: expected[name][inside] for name in FEW})
    assert list(tmp_path.iterdir()) == [out]


def test_every_run_leaves_its_lineage(home, btc, tmp_path):
    arguments = ("compute", "--dataset", btc.manifest.dataset, "--only", "rsi_14_5m", "--out", tmp_path / "a.parquet")
    result = told(home, *arguments)
    folder = Path(result["lineage"])
    assert "rsi_14_5m <- BARS_5m, CLOSE_5m" in (folder / "graph.txt").read_text()
    content = (folder / "run.json").read_bytes()
    assert sha256(content).hexdigest() == result["run"] == folder.name
    run = json.loads(content)
    assert (run["datasets"][0]["dataset"], run["wanted"]) == (btc.manifest.dataset, ["rsi_14_5m"])
    assert {"apache-hamilton", "numpy", "candled"} <= set(run["versions"])
    again = told(home, *arguments, "--force")
    assert (again["run"], again["computed"]) == (result["run"], 0)


def test_groups_are_left_out_by_option_and_by_environment(home, btc, tmp_path):
    arguments = ("compute", "--dataset", btc.manifest.dataset, "--force", "--out", tmp_path / "a.parquet")
    groups = sorted({f.group for f in catalogue()})
    kept, off = "time", [group for group in groups if group != "time"]
    expected = [f.name for f in catalogue() if f.group == kept]
    by_environment = told(home, *arguments, CANDLED_FEATURES__OFF=", ".join(off))
    assert by_environment["features"] == expected
    by_option = told(home, *arguments, *(word for group in off for word in ("--without", group)))
    assert (by_option["features"], by_option["run"]) == (expected, by_environment["run"])
    assert by_option["left_out"]["rsi_14"] == "group momentum is off"
    assert json.loads((Path(by_option["lineage"]) / "run.json").read_text())["off"] == off


@pytest.mark.skipif(not CROSS, reason="no declared feature reads ETH/USDT")
def test_another_market_is_a_second_dataset(home, btc, tmp_path):
    eth = a_dataset(home, symbol="ETH/USDT", seed=2)
    arguments = ("compute", "--only", CROSS[0], "--out", tmp_path / "a.parquet", "--dataset", btc.manifest.dataset)
    alone = asked(home, *arguments)
    assert (alone.returncode, CROSS[0] in alone.stderr, "no candles of ETH/USDT" in alone.stderr) == (2, True, True)
    told(home, *arguments, "--dataset", eth.manifest.dataset)
    table = pq.read_table(tmp_path / "a.parquet")
    same_bits({CROSS[0]: table[CROSS[0]].to_numpy()}, hot([btc, eth], catalogue(), CROSS[:1]))


def test_fit_makes_an_artifact_under_its_hash(home, btc, tmp_path):
    copy = tmp_path / "copy.json"
    arguments = ("--dataset", btc.manifest.dataset, "--only", "rsi_14,sma_200,hour", "--to", "2022-01-01T01:00Z")
    result = told(home, "fit", *arguments, "--out", copy)
    content = Path(result["path"]).read_bytes()
    made = read_transform(content, result["transform"])
    made.check(["rsi_14", "sma_200", "hour"], catalogue())
    assert copy.read_bytes() == content
    rows = {row["name"]: row for row in result["features"]}
    assert (rows["sma_200"]["kept"], rows["sma_200"]["why"]) == (False, "it has no finite value")
    assert [step.name for step in made.kept] == [name for name, row in rows.items() if row["kept"]]
    assert rows["rsi_14"]["center"] == made.kept[0].center
    assert "variance <- center, imputed" in (Path(result["lineage"]) / "fit.txt").read_text()
    told_people = candled(home, "fit", *arguments).stdout
    assert result["transform"] in told_people
    assert "dropped: it has no finite value" in told_people


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "rsi_144"), "nearest are: rsi_14"),
        (("list", "--group", "momentun"), "did you mean 'momentum'?"),
        (("list", "--timeframe", "7m"), "unknown timeframe '7m'"),
        (("graph", "hour", "--out", "x.gif"), "x.gif cannot be drawn"),
        (("compute", "--only", "rsi_144", "--out", "x.parquet"), "nearest are: rsi_14"),
        (("compute", "--without", "momentun", "--out", "x.parquet"), "did you mean 'momentum'?"),
        (("compute", "--only", "hour", "--out", "IS_THERE"), "is there already"),
        (("compute", "--only", "hour", "--from", "2030-01-01", "--out", "x.parquet"), "no candle in that time"),
        (("fit", "--only", "hour", "--min-variance", "-1"), "a variance is never below 0"),
    ],
)
def test_a_request_that_cannot_be_met_is_exit_code_2(home, btc, tmp_path, arguments, said):
    there = tmp_path / "there.parquet"
    there.write_text("mine")
    words = [str(there) if word == "IS_THERE" else word for word in arguments]
    data = ("--dataset", btc.manifest.dataset) if words[0] in {"compute", "fit"} else ()
    with pytest.raises(UsageError) as refused:
        app(["features", *words, *data, "--data-dir", str(home)])
    assert refused.value.exit_code == 2
    assert said in f"{refused.value}; {refused.value.fix}"
    assert there.read_text() == "mine"
    assert not Path("x.parquet").exists()
