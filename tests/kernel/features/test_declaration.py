"""Declarations: what is left out is filled in by the kind, what is wrong is said with its name and a way out."""

import msgspec
import pytest
from hypothesis import given

from kernel.errors import ConfigError, UsageError
from kernel.features.declaration import Feature, checked, feature, group, output_of
from kernel.indicators.registry import kind_named
from tests.kernel.features.drawn import declarations


def test_what_is_left_out_comes_from_the_kind():
    declared = checked(Feature("opens", "cusum"))
    assert declared.inputs == ("close", "1")
    assert declared.params == {"threshold": kind_named("cusum").parameters["threshold"].default}
    assert declared.output == "open"


def test_an_output_is_the_one_that_is_named():
    assert output_of(feature("drift", "cusum", output="down")) is kind_named("cusum").outputs["down"]


def test_parameters_become_the_numbers_that_the_kind_takes():
    assert repr(feature("e", "ema", period=3.0).params) == "{'period': 3}"
    assert repr(feature("c", "cusum", threshold=1).params) == "{'threshold': 1.0}"


def test_parameters_stand_in_the_order_of_the_kind_however_they_are_given():
    declared = feature("bounded", "clip", high=2.0, low=1.0)
    assert list(declared.params) == list(kind_named("clip").parameters)


@given(declarations())
def test_checking_twice_changes_nothing_more_and_files_keep_every_bit(declared):
    for one in declared:
        assert checked(one) == one
        assert msgspec.json.decode(msgspec.json.encode(one), type=Feature) == one


def test_a_group_marks_its_features_and_leaves_the_rest():
    marked = group("trend", feature("a", "ema", period=3), feature("b", "sma", period=3, group="other"))
    assert [f.group for f in marked] == ["trend", "trend"]
    assert [f.name for f in marked] == ["a", "b"]


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (Feature("RSI", "ema", params={"period": 3}), "'RSI' is no name"),
        (Feature("1st", "ema", params={"period": 3}), "'1st' is no name"),
        (Feature("a.b", "ema", params={"period": 3}), "'a.b' is no name"),
        (Feature("a", "emma", params={"period": 3}), "no indicator kind 'emma'"),
        (Feature("a", "kind"), "no indicator kind 'kind'"),
        (Feature("a", "../kind"), "no indicator kind"),
        (Feature("a", "cusum", inputs=("close",)), "a: cusum reads 2 inputs"),
        (Feature("a", "ema", params={"perod": 3}), "a: ema has no parameter 'perod'"),
        (Feature("a", "gap", params={"period": 3}), "a: gap has no parameter 'period'"),
        (Feature("a", "ema"), "a: period of ema is missing"),
        (Feature("a", "ema", params={"period": 0}), "a: period of ema = 0 is out of range"),
        (Feature("a", "ema", params={"period": 2.5}), "a: period of ema = 2.5 is no whole number"),
        (Feature("a", "ema", params={"period": float("nan")}), "out of range"),
        (Feature("a", "cusum", params={"threshold": float("inf")}), "out of range"),
        (Feature("a", "ema", params={"period": 3}, output="valu"), "a: ema has no output 'valu'"),
    ],
)
def test_a_wrong_declaration_is_refused_by_name(declared, said):
    with pytest.raises(ConfigError) as refused:
        checked(declared)
    assert said in str(refused.value)


def test_a_misspelt_kind_or_parameter_is_answered_with_the_nearest():
    with pytest.raises(ConfigError) as refused:
        feature("a", "zscor", period=3)
    assert "'zscore'" in refused.value.fix
    with pytest.raises(ConfigError) as refused:
        feature("a", "ema", perid=3)
    assert "'period'" in refused.value.fix


def test_an_unknown_timeframe_is_refused():
    with pytest.raises(UsageError, match="7m"):
        feature("a", "ema", period=3, timeframe="7m")
