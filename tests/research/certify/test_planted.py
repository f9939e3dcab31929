"""Faults that were planted are caught, and named: the feature, the check, the row."""

import msgspec
import pytest

from kernel.features.bars import BarMaker
from kernel.features.declaration import Feature, feature
from kernel.features.engine import Engine
from research.certify import subject
from research.certify.certify import prepare
from research.certify.modes import STRATEGIES, Trial
from service import piece
from service.config import load_config
from service.definition import Window
from tests.research.certify.markets import a_market
from tests.research.certify.planted.lookahead import open_bars, peeking

pytestmark = pytest.mark.usefixtures("planted")

ROWS = 1_200


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="module")
def btc(home):
    return a_market(home, ROWS)


def a_feature(name, kind, output="", **params):
    return Feature(name, kind, params=params, output=output)


SOUND = (feature("sound", "sma", period=3), feature("sound_average", "ema", period=5))
FAULTY = (
    a_feature("squares", "planted_squares"),
    a_feature("sum_right", "planted_sums", "right", period=5),
    a_feature("sum_early", "planted_sums", "early", period=5),
    a_feature("sum_late", "planted_sums", "late", period=5),
    a_feature("sum_long", "planted_sums", "long", period=5),
    a_feature("average_right", "planted_averages", "right"),
    a_feature("average_early", "planted_averages", "early"),
    a_feature("average_late", "planted_averages", "late"),
    a_feature("shock", "planted_shock"),
    a_feature("counts", "planted_counts"),
)


def certified(home, btc, declared):
    """By feature, what each check found."""
    report = prepare(home, [btc], declared, []).run()
    failed = {difference.check for feature in report.features for difference in feature.differences}
    assert {name for name, check in report.checks.items() if not check.ok} == failed
    assert report.ok == (not failed)
    return {feature.name: {found.check: found for found in feature.differences} for feature in report.features}


@pytest.fixture(scope="module")
def found(planted, home, btc):
    return certified(home, btc, (*SOUND, *FAULTY))


def test_what_is_sound_is_not_blamed(found):
    assert [name for name, differences in found.items() if not differences] == [
        "sound", "sound_average", "sum_right", "average_right",
    ]  # fmt: skip


def test_an_expression_that_compiles_to_other_bits(found):
    assert set(found["squares"]) == {"uncompiled", "snapshot"}
    told = found["squares"]["uncompiled"]
    assert float(told.expected) == pytest.approx(float(told.found))
    assert told.expected != told.found
    assert told.rows > 10


@pytest.mark.parametrize("name", ["sum_early", "average_early"])
def test_a_first_value_that_comes_a_row_early(found, name):
    (told,) = found[name].values()
    assert (told.check, told.row, told.expected) == ("warmup", 3, "nan")
    assert "a first value on row 4" in told.about


@pytest.mark.parametrize("name", ["sum_late", "average_late"])
def test_a_first_value_that_comes_a_row_late(found, name):
    (told,) = found[name].values()
    assert (told.check, told.found) == ("warmup", "nan")
    assert "too late" in told.about


def test_a_window_that_is_longer_than_it_says(found):
    assert set(found["sum_long"]) == {"forgets", "reach"}


def test_a_window_that_keeps_what_rarely_happens(found):
    assert "reach" in found["shock"]
    assert found["shock"]["reach"].rows > 10


def test_a_fresh_state_that_knows_of_others(found):
    assert {"batch_equals_hot", "uncompiled", "prefix"} <= set(found["counts"])


def test_what_is_kept_outside_of_the_engines(home, btc):
    found = certified(home, btc, [a_feature("outside", "planted_outside")])["outside"]
    assert "side by side" in found["interleaved"].about
    assert (found["batch_equals_hot"].row, found["batch_equals_hot"].open_time) == (None, None)
    assert "LAST" in found["batch_equals_hot"].found


def test_an_exception_is_its_features_alone(home, btc):
    divides = Feature("divides", "planted_divides")
    found = certified(home, btc, [*SOUND, divides])
    assert [name for name, differences in found.items() if differences] == ["divides"]
    assert {told.found for told in found["divides"].values()} == {"ZeroDivisionError: float division by zero"}


def test_a_state_that_another_writes_into(home, btc):
    declared = [a_feature("trespasser", "planted_trespasser"), a_feature("victim", "planted_averages", "right")]
    found = certified(home, btc, declared)
    assert {"batch_equals_hot", "uncompiled"} <= set(found["victim"])


def test_a_batch_that_reads_a_row_ahead(monkeypatch, home, btc):
    monkeypatch.setattr(subject, "COMPILED", peeking({"ema"}))
    found = certified(home, btc, SOUND)
    assert not found["sound"]
    assert set(found["sound_average"]) >= {"prefix", "batch_equals_hot", "uncompiled"}
    told = found["sound_average"]["prefix"]
    assert f"before row {told.row + 1:,} alone" in told.about  # the last row of a prefix has no next one


def test_bars_that_are_read_before_they_close(monkeypatch, home, btc):
    monkeypatch.setattr("research.features.nodes.bars", open_bars)
    hours = feature("hours", "roc", period=1, timeframe="1h")
    found = certified(home, btc, [*SOUND, hours])
    assert not found["sound"]
    assert {"prefix", "batch_equals_hot"} <= set(found["hours"])


def test_a_memory_that_leaves_something_out(monkeypatch, home, btc):
    whole = Engine.memory

    def without_bars(engine):
        memory = whole(engine)
        return msgspec.structs.replace(memory, bars=[BarMaker(maker.length_ns) for maker in memory.bars])

    monkeypatch.setattr(Engine, "memory", without_bars)
    hours = feature("hours", "roc", period=1, timeframe="1h")
    assert set(certified(home, btc, [*SOUND, hours])["hours"]) == {"snapshot"}


def test_a_block_mode_that_judges_otherwise(monkeypatch, home, btc):
    sound = piece.verdicts

    def blind(*about):
        judged = sound(*about)
        judged.wishes[700:] = 0
        return judged

    monkeypatch.setattr(piece, "verdicts", blind)
    trials = [Trial(load_config(path), path.parent, Window()) for path in STRATEGIES]
    report = prepare(home, [btc], SOUND, trials).run()
    assert not report.ok
    assert not report.checks["modes"].ok
    told = report.modes[0]
    assert not told.equal
    assert told.log_head_step != told.log_head_block
    assert told.first_difference["step"] != told.first_difference["block"]
