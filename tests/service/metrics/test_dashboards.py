"""Dashboards and alert rules ask for metrics that exist, by labels that they have, in a way that fits their kind."""

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import pytest

from tests.service.metrics.exposed import Exposed, a_life, documented, exposed, registry_of
from tests.service.metrics.promql import grouped, used

ROOT = Path(__file__).resolve().parents[3]
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
RULES = ROOT / "deploy" / "prometheus"
SCRAPED = {"instance", "job"}  # Prometheus adds these
OWN = {"up": Exposed("up", "gauge", "", frozenset())}
CUMULATIVE = {"rate", "increase", "irate", "histogram_quantile"}

FAMILIES = exposed(registry_of(a_life()))
BY_SERIES = OWN | {series: family for family in FAMILIES.values() for series in family.series}
boards = pytest.mark.parametrize(
    "board", [json.loads(p.read_text()) for p in DASHBOARDS], ids=[p.stem for p in DASHBOARDS]
)


def panels(board) -> list[dict]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries() -> list[tuple[str, str]]:
    """Every query of the dashboards, with what is written at its series."""
    return [
        (target["expr"], target["legendFormat"])
        for path in DASHBOARDS
        for panel in panels(json.loads(path.read_text()))
        for target in panel["targets"]
    ]


def rules() -> dict[str, tuple[str, str]]:
    """Expression and annotations by alert."""
    text = (RULES / "alerts.yml").read_text()
    found = {}
    for block in re.split(r"(?m)^      - alert: ", text)[1:]:
        name, _, rest = block.partition("\n")
        expression = re.search(r"^        expr: (?:>-\n)?((?:.+\n)(?:          .+\n)*)", rest, re.MULTILINE)
        found[name] = (" ".join(expression[1].split()), rest[rest.index("annotations:") :])
    return found


EXPRESSIONS = [expression for expression, _ in queries()] + [expression for expression, _ in rules().values()]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_fits_the_metrics_that_exist(expression):
    check(expression)


@pytest.mark.parametrize(
    "wrong",
    [
        "candled_equities",
        "sum(candled_candles)",
        'candled_equity{symbol="x"}',
        "rate(candled_equity[5m])",
        "rate(candled_candles_total)",
        "candled_turn_seconds_bucket",
        "sum by (market) (candled_equity)",
        "1 - candled_ready / candled_readyness",
        "increase(candled_turn_seconds_quantile[5m])",
    ],
)
def test_an_expression_that_does_not_is_found(wrong):
    with pytest.raises(AssertionError):
        check(wrong)


def check(expression: str) -> None:
    metrics = list(used(expression))
    assert metrics
    labels = SCRAPED | {"le"}
    for metric in metrics:
        family = BY_SERIES.get(metric.series)
        assert family is not None, f"nothing exposes {metric.series}"
        own = family.labels | SCRAPED | ({"le"} if metric.series.endswith("_bucket") else set())
        assert metric.labels <= own
        labels |= own
        cumulative = family.kind in ("counter", "histogram")
        asked_as_such = bool(CUMULATIVE & set(metric.inside))
        assert metric.ranged == any(f in metric.inside for f in (*CUMULATIVE - {"histogram_quantile"}, "changes",
                                                                "min_over_time"))  # fmt: skip
        assert not asked_as_such or cumulative, f"{metric.series} is a gauge"
        if family.kind == "histogram":
            assert asked_as_such
    for _, names in grouped(expression):
        assert names <= labels


@pytest.mark.parametrize(("expression", "legend"), queries())
def test_what_is_written_at_a_series_is_there(expression, legend):
    named = set(re.findall(r"{{(\w+)}}", legend))
    by = [labels for word, labels in grouped(expression) if word == "by"]
    there = set.union(*(set(BY_SERIES[metric.series].labels) for metric in used(expression)))
    assert named <= (set(by[0]) if by else there | SCRAPED)


@pytest.mark.parametrize("alert", rules())
def test_an_alert_names_labels_that_it_has(alert):
    expression, annotations = rules()[alert]
    named = set(re.findall(r"\$labels\.(\w+)", annotations))
    by = [labels for word, labels in grouped(expression) if word == "by"]
    there = set.union(*(set(BY_SERIES[metric.series].labels) for metric in used(expression)))
    assert "instance" in named or "$value" in annotations
    assert named <= (set(by[0]) if by else there | SCRAPED)
    assert f"`{alert}`" in (ROOT / "docs" / "monitoring.md").read_text(), "and what to do is written down"


@boards
def test_a_dashboard_is_whole(board):
    shown = panels(board)
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert len({panel["title"] for panel in shown}) == len(shown)
    for panel in shown:
        assert panel["description"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all('instance="$instance"' in target["expr"] for target in panel["targets"])
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)
    for one, other in combinations([panel["gridPos"] for panel in board["panels"]], 2):
        apart = (
            one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        )  # fmt: skip
        assert apart
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


def test_the_three_dashboards_have_names_of_their_own():
    uids = [json.loads(path.read_text())["uid"] for path in DASHBOARDS]
    assert sorted(uids) == ["candled-health", "candled-pipeline", "candled-trading"]


def test_the_documentation_has_every_metric_and_no_other():
    rows = {name: (labels, text) for name, labels, text in documented((ROOT / "docs" / "monitoring.md").read_text())}
    told = {name: (", ".join(sorted(family.labels)), family.text) for name, family in FAMILIES.items()}
    assert {
        name: (", ".join(sorted(filter(None, labels.split(", ")))), text) for name, (labels, text) in rows.items()
    } == told


def test_every_alert_has_a_test():
    tested = (RULES / "alerts_test.yml").read_text()
    assert [alert for alert in rules() if alert not in tested] == []


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed; `make ops` wants it")
def test_prometheus_itself_reads_all_of_it(tmp_path):
    for command in (["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]):
        ran = subprocess.run(["promtool", *command], cwd=RULES, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    asked = [re.sub(r"\$__rate_interval", "1m", expression) for expression, _ in queries()]
    recorded = [{"record": f"q{number}", "expr": expression} for number, expression in enumerate(asked)]
    (tmp_path / "queries.yml").write_text(json.dumps({"groups": [{"name": "dashboards", "rules": recorded}]}))
    command = ["promtool", "check", "rules", str(tmp_path / "queries.yml")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
