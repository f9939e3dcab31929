"""A group of features switched on and off by a command in the log, while candles come in."""

import struct

from msgspec.structs import replace

from kernel.events import DecisionMade, FeatureGroupSwitched
from kernel.features.declaration import feature, group
from kernel.features.resolve import needed
from kernel.features.transform import SCHEMA, FittedFeature, FittedTransform, Scaling, declaration_hashes
from kernel.kernel import Kernel
from kernel.messages import SwitchFeatureGroup
from kernel.models.cross import Cross
from kernel.models.rule import PythonRule
from kernel.skip import SkipReason
from tests.kernel.given import (
    MINUTE,
    blueprint,
    candles,
    engine,
    fold,
    of_type,
    opened,
    opening,
    position,
    served,
    strategy,
    turned,
)

FEATURES = [
    *group("own", feature("fast", "ema", period=2), feature("bars", "sma", timeframe="5m", period=2)),
    *group("extra", feature("slow", "ema", period=4), feature("chained", "sma", "slow", period=2)),
]
CROSS = strategy(Cross("fast", "slow"), FEATURES)
WALK = [500_00 + n * n * 7919 % 5003 for n in range(60)]


def switch(kernel, *, enabled, name="extra"):
    (event,) = kernel.turn(SwitchFeatureGroup(kernel.state.ts, kernel.state.ordinal, name, enabled))
    return event


def bits(values):
    return struct.pack(f"{len(values)}d", *values)


def test_a_group_that_is_off_is_not_computed_and_its_values_are_no_numbers():
    kernel = opened(CROSS)
    turned(kernel, candles(WALK[:20]))
    assert switch(kernel, enabled=False) == FeatureGroupSwitched(kernel.state.ts, "extra", False, True)
    assert engine(kernel).plan.names == ("fast",)
    turned(kernel, candles(WALK[20:30], start=20 * MINUTE))
    assert set(fold(kernel)[-9:]) == {SkipReason.FEATURE_NOT_FINITE}


def test_what_stays_goes_on_to_the_bit_and_what_comes_back_starts_afresh():
    both = strategy(Cross("fast", "bars"), FEATURES)
    kernel, undisturbed = opened(both), opened(both)
    for part in range(0, 60, 10):
        market = candles(WALK[part : part + 10], start=part * MINUTE)
        turned(kernel, market)
        turned(undisturbed, market)
        ours, theirs = (engine(k).emit() for k in (kernel, undisturbed))
        assert bits(ours) == bits(theirs)
        switch(kernel, enabled=part % 20 == 10)
    again = opened(CROSS)
    turned(again, candles(WALK[:20]))
    switch(again, enabled=False)
    switch(again, enabled=True)
    fresh = opened(CROSS)
    turned(again, candles(WALK[20:23], start=20 * MINUTE))
    turned(fresh, candles(WALK[20:23], start=20 * MINUTE))
    slow = engine(again).emit()[1]
    assert slow != slow, "three candles are not four"  # noqa: PLR0124


def test_to_switch_what_is_so_already_changes_nothing():
    kernel = opened(CROSS)
    turned(kernel, candles(WALK[:10]))
    before = kernel.engines
    assert not switch(kernel, enabled=True).changed
    assert kernel.engines is before


def test_a_kernel_restored_with_a_group_off_goes_on_with_it_off():
    kernel = opened(CROSS)
    turned(kernel, candles(WALK[:20]))
    switch(kernel, enabled=False)
    restored = Kernel(blueprint(CROSS))
    restored.restore(kernel.snapshot())
    assert restored.fingerprint() == kernel.fingerprint()
    assert restored.state.groups_off == ["extra"]
    market = candles(WALK[20:40], start=20 * MINUTE)
    assert turned(restored, market) == turned(kernel, market)


def test_a_rule_remembers_what_it_did_before_a_switch():
    forgetful = strategy(PythonRule("given.py:Forgetful"), FEATURES[:1])
    kernel, undisturbed = opened(forgetful), opened(forgetful)
    before = [served(k, candles(WALK[:4])) for k in (kernel, undisturbed)]
    assert before[0] == before[1]
    assert switch(kernel, enabled=False, name="own").changed
    after = [of_type(DecisionMade, served(k, candles(WALK[4:], start=4 * MINUTE))) for k in (kernel, undisturbed)]
    assert after[0] == after[1] != []


def transform(kept):
    declared = needed(FEATURES, ["fast", "slow"])
    named = tuple(map(FittedFeature, *zip(*declaration_hashes(declared, ["fast", "slow"]).items(), strict=True)))
    return FittedTransform(SCHEMA, named, kept, "dataset", "1m", None, None, 100)


def test_a_fitted_transform_imputes_what_is_switched_off():
    """Without it the candle ends; with it the model goes on with the median of the training window."""
    fitted = transform((Scaling("fast", 500.0, 0.0, 1.0), Scaling("slow", 505.0, 0.0, 1.0)))
    planned = blueprint(replace(CROSS, transform=fitted.digest()))
    kernel = Kernel(replace(planned, seats=(replace(planned.seats[0], transform=fitted),)))
    kernel.turn(opening())
    served(kernel, candles(WALK[:20]))
    switch(kernel, enabled=False)
    events = served(kernel, candles([520_00] * 6, start=20 * MINUTE))
    assert all(decision.direction == 1 for decision in of_type(DecisionMade, events))
    assert position(kernel).direction == 1
    served(kernel, candles([400_00] * 8, start=26 * MINUTE))
    assert position(kernel).direction == 0
