"""The arms of an A/B comparison: groups, filters, the gate and the model, each switched by a lever that must exist."""

import pytest

from kernel.errors import ConfigError
from kernel.features.declaration import feature, group
from kernel.levers import in_force
from kernel.models.cross import Cross
from kernel.models.mean_reversion import MeanReversion
from kernel.strategy import Cooldown, Gate, Levers, MinConfidence
from tests.kernel.given import candles, engine, opened, strategy, turned

FEATURES = [
    *group("fast_ones", feature("fast", "ema", period=2)),
    *group("slow_ones", feature("slow", "ema", period=4), feature("score", "zscore", "slow", period=3)),
]


def pulled(levers, *, model=None, models=None):
    from msgspec.structs import replace

    base = strategy(
        model or Cross("fast", "slow"), FEATURES, gate=Gate(0.001), filters=[MinConfidence(0.5), Cooldown(2, "rest")]
    )
    return replace(base, levers=levers, models=models or {})


def test_with_no_lever_pulled_a_strategy_is_as_it_stands():
    assert in_force(pulled(Levers())) == pulled(Levers())


def test_a_filter_is_switched_by_its_name():
    left = in_force(pulled(Levers(filters={"rest": False, "min_confidence": True}))).filters
    assert [f.name for f in left] == ["min_confidence"]


def test_the_gate_is_taken_away():
    assert in_force(pulled(Levers(gate=False))).gate is None


def test_another_model_stands_in():
    other = MeanReversion("score")
    assert in_force(pulled(Levers(model="calm"), models={"calm": other})).model == other


@pytest.mark.parametrize(
    ("levers", "says"),
    [
        (Levers(filters={"cooldown": False}), "no filter 'cooldown'"),
        (Levers(model="calm"), "no model 'calm'"),
        (Levers(groups={"volumes": False}), "no group of features 'volumes'"),
    ],
)
def test_a_lever_that_moves_nothing_is_refused_with_those_that_are_there(levers, says):
    with pytest.raises(ConfigError, match=says) as raised:
        in_force(pulled(levers))
    assert raised.value.fix.startswith("there are: ")


def test_a_model_whose_features_are_switched_off_is_refused():
    with pytest.raises(ConfigError, match="feature slow is needed, and its group 'slow_ones' is switched off"):
        opened(pulled(Levers(groups={"slow_ones": False})))


def test_a_group_that_nobody_needs_can_be_switched_off():
    """And what stands on it with it: `score` reads `slow`."""
    alone = pulled(Levers(groups={"slow_ones": False}), model=Cross("fast", "fast"))
    assert [node.kind.name for node in engine(opened(alone)).plan.nodes] == ["cusum", "ema"]


def test_a_feature_of_the_catalogue_needs_no_declaration():
    kernel = opened(strategy(Cross("ema_12", "ema_26")))
    turned(kernel, candles([500_00] * 3))
    assert [node.params for node in engine(kernel).plan.nodes] == [(12,), (26,)]


def test_a_feature_that_nobody_declares_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="'ema_12x' that is declared nowhere") as raised:
        opened(strategy(Cross("ema_12x", "ema_26")))
    assert "ema_12" in raised.value.fix
