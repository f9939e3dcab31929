"""The real catalogue certifies on a market with everything in it; the verb answers and exits as it should."""

import sys
from collections import defaultdict

import msgspec
import pytest

from kernel.errors import CandledError, UsageError
from kernel.features.catalogue.index import catalogue
from kernel.features.declaration import Feature, feature
from kernel.features.resolve import needed
from research import certify_command
from research.certify.certify import prepare
from research.certify.modes import STRATEGIES, Trial
from service.cli.main import app
from service.config import load_config
from service.definition import Window
from tests.campaign import sample
from tests.research.certify.markets import a_market

FEATURES = (
    feature("average", "ema", period=3),
    feature("hours", "roc", period=1, timeframe="1h"),
    feature("volume_sum", "obv"),
    feature("other", "roc", "ETH/USDT:close", period=2),
    feature("far", "sma", period=900),
)
KEYS = ["dataset", "ok", "rows", "quick", "features", "not_applicable", "checks", "modes", "notes", "wall_s"]
CHECKS = {
    "batch_equals_hot", "batch_equals_block", "uncompiled", "prefix", "snapshot", "interleaved", "warmup", "forgets",
    "reach", "modes",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("certify")


@pytest.fixture(scope="module")
def btc(home):
    return a_market(home, 800)


@pytest.fixture(scope="module")
def eth(home):
    return a_market(home, 900, symbol="ETH/USDT", seed=2)


def drawn_from_the_catalogue():
    """The last feature of each kind and output, and what they stand on; in a campaign all features."""
    alike = defaultdict(list)
    for declared in catalogue():
        alike[declared.kind, declared.output].append(declared.name)
    return needed(catalogue(), [name for names in alike.values() for name in names[-sample(1) :]])


def test_the_catalogue_is_certified_with_another_market_beside_it(home, eth):
    btc = a_market(home, 2_400, seed=3)
    trials = [Trial(load_config(path), path.parent, Window()) for path in STRATEGIES]
    declared = drawn_from_the_catalogue()
    report = prepare(home, [btc, eth], declared, trials, quick=True).run()
    assert {f.name: f.differences for f in report.features if not f.ok} == {}
    assert report.ok
    assert all(check.ok for check in report.checks.values())
    assert {f.name for f in report.features} | {f.name for f in report.not_applicable} == {f.name for f in declared}
    assert all("it has no value before candle" in left_out.why for left_out in report.not_applicable)
    assert [modes.symbols for modes in report.modes] == [["BTC/USDT", "ETH/USDT"]] * 3
    assert set(report.modes[1].gate) == {"BTC/USDT", "ETH/USDT"}
    assert min(modes.trades for modes in report.modes) > 5


def test_what_a_feature_forgets_is_what_it_stands_on(home, btc):
    features = (
        feature("window", "sma", period=10),
        feature("of_windows", "sma", "window", period=5),
        feature("of_hours", "roc", period=2, timeframe="1h"),
        feature("average", "ema", period=3),
        feature("of_average", "sma", "average", period=4),
        feature("sums", "obv"),
        feature("of_sums", "roc", "sums", period=4),
        feature("slow", "ema", period=300),
    )
    report = prepare(home, [btc], features, []).run()
    assert report.ok
    after = {f.name: f.forgets_after for f in report.features}
    assert (after["window"], after["of_windows"]) == (10, 14)
    assert after["of_hours"] == 59 + 3 * 60
    assert 20 < after["average"] < 200
    assert after["average"] <= after["of_average"] <= after["average"] + 3
    assert (after["sums"], after["of_sums"]) == ("never", "never")
    assert after["slow"] is None
    assert "more than" in next(f.forgets_note for f in report.features if f.name == "slow")


def test_other_processes_find_the_same(home, btc, eth):
    work = prepare(home, [btc, eth], FEATURES, [], quick=True)
    done = []
    reports = [work.run(), work.run(processes=2, progress=done.append)]
    assert msgspec.structs.replace(reports[0], wall_s=0.0) == msgspec.structs.replace(reports[1], wall_s=0.0)
    assert sum(done) == work.work


def verb(monkeypatch, capfdbinary, home, *words):
    """What the program answers, and its exit code."""
    monkeypatch.setattr(certify_command, "catalogue", lambda: FEATURES)
    try:
        app(["certify", *map(str, words), "--data-dir", str(home), "--json"], result_action="return_value")
    except CandledError as error:
        return error.exit_code, str(error), capfdbinary.readouterr().out
    return 0, "", capfdbinary.readouterr().out


def test_the_verb_answers_with_one_object(monkeypatch, capfdbinary, home, btc):
    code, said, out = verb(monkeypatch, capfdbinary, home, "--dataset", btc.manifest.dataset[:12])
    assert code == 0
    report = msgspec.json.decode(out)
    assert list(report) == KEYS
    assert (report["ok"], report["rows"], report["dataset"]) == (True, btc.manifest.rows, [btc.manifest.dataset])
    assert set(report["checks"]) == CHECKS
    assert all(list(check) == ["ok", "compared", "about"] for check in report["checks"].values())
    assert all(check["compared"] > 0 for check in report["checks"].values())
    assert [list(f) for f in report["features"]] == [[
        "name", "ok", "group", "kind", "warmup", "forgets_after", "forgets_note", "differences",
    ]] * 3  # fmt: skip
    assert {f["name"]: f["why"] for f in report["not_applicable"]} == {
        "other": "there are no candles of ETH/USDT",
        "far": f"it has no value before candle 900, and there are {btc.manifest.rows}",
    }
    assert all(modes["equal"] and modes["log_head_step"] == modes["log_head_block"] for modes in report["modes"])
    assert all(modes["decisions_daemon"] == modes["decisions_step"] for modes in report["modes"])


def test_a_strategys_own_features_are_certified_and_it_is_run(monkeypatch, capfdbinary, home, btc):
    words = ("--config", "examples/mean_reversion.toml", "--from", "2022-01-01T02:00", "--to", "2022-01-01T10:00")
    code, said, out = verb(monkeypatch, capfdbinary, home, "--dataset", btc.manifest.dataset, *words, "--quick")
    report = msgspec.json.decode(out)
    assert code == 0
    assert report["features"][0]["name"] == "score"
    assert report["rows"] < 8 * 60
    assert [modes["strategy"] for modes in report["modes"]] == ["mean_reversion"]


@pytest.mark.usefixtures("planted")
def test_the_exit_code_is_1_when_a_bit_differs(monkeypatch, capfdbinary, home, btc):
    faulty = (*FEATURES[:1], Feature("early", "planted_averages", output="early"))
    monkeypatch.setattr(sys.modules[__name__], "FEATURES", faulty)
    code, said, out = verb(monkeypatch, capfdbinary, home, "--dataset", btc.manifest.dataset)
    assert code == 1
    report = msgspec.json.decode(out)
    assert not report["ok"]
    (told,) = report["features"][1]["differences"]
    assert list(told) == ["check", "row", "open_time", "expected", "found", "rows", "about"]
    assert (told["check"], told["row"], told["open_time"]) == ("warmup", 3, "2022-01-01T00:10:00Z")
    assert "not certified: 1 of the features" in said


def test_what_cannot_be_certified_is_refused(monkeypatch, capfdbinary, home, btc):
    words = ("--dataset", btc.manifest.dataset, "--to", "2022-01-01T00:12")
    code, said, out = verb(monkeypatch, capfdbinary, home, *words)
    assert (code, out) == (2, b"")
    assert "too few to certify" in said
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    with pytest.raises(UsageError, match="no compiled code to certify"):
        prepare(home, [btc], FEATURES, [])
