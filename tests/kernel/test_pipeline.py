"""The six steps: their order, the first skip that ends a candle, and an observer that changes nothing."""

from collections import Counter
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.blueprint import Blueprint, Seat
from kernel.context import STEP_NAMES, CandleContext
from kernel.events import CandlesSkipped, DecisionMade
from kernel.features.declaration import feature
from kernel.kernel import Kernel
from kernel.models.cross import Cross
from kernel.models.prediction import LONG
from kernel.models.rule import PythonRule, Rule
from kernel.skip import SkipReason
from kernel.steps.features import FeatureEngineering
from kernel.strategy import Gate, MinConfidence
from tests.kernel.drawn import markets
from tests.kernel.given import (
    BTC,
    CROSS,
    ETH,
    MINUTE,
    OBEDIENT,
    REVERSION,
    candles,
    fold,
    of_type,
    opened,
    opening,
    run,
    strategy,
    turned,
)

STRATEGIES = st.sampled_from([OBEDIENT, CROSS, REVERSION])
# Which step gives which reason: what explains a count by reason as counts by step.
SAID_BY = {
    "Waiting": {"instant_open"},
    "CusumGate": {"gate_closed"},
    "Enrichment": {"warming_up"},
    "FeatureEngineering": {"feature_not_finite"},
    "Inference": {"no_opinion", "target_unchanged"},
    "FilterChain": {"low_confidence", "cooling_down", "outside_session"},
    "Execution": {"trading_halted", "entries_blocked", "awaiting_exit"},
}
SAID_BY_THE_KERNEL = {"not_traded", "not_due"}  # not_due: of a strategy over several markets (kernel/panel.py)


class Witness:
    """Writes down what it is told, a list of (step, outcome) a candle."""

    def __init__(self):
        self.candles = []

    def candle(self, candle):
        self.candles.append([])

    def step(self, name, outcome, context):
        assert isinstance(outcome, SkipReason) or outcome is context
        self.candles[-1].append((name, outcome if isinstance(outcome, SkipReason) else None))


def names_of(of):
    absent = {"CusumGate": of.gate is None, "FilterChain": not of.filters}
    return [name for name in STEP_NAMES if not absent.get(name)]


def test_every_reason_is_said_by_one_step():
    said = [reason for reasons in (*SAID_BY.values(), SAID_BY_THE_KERNEL) for reason in reasons]
    assert sorted(said) == sorted(reason.label for reason in SkipReason)
    assert list(SAID_BY) == ["Waiting", *STEP_NAMES]


@given(markets(BTC, ETH), STRATEGIES)
def test_an_observer_sees_the_steps_in_order_and_up_to_the_first_skip(market, of):
    witness = Witness()
    run(of, market, BTC, ETH, observer=witness)
    assert len(witness.candles) == len(market)
    for steps in witness.candles:
        told = [name for name, _ in steps]
        assert told == names_of(of)[: len(told)]
        assert [skip for _, skip in steps[:-1]] == [None] * (len(steps) - 1)
        last, skip = steps[-1]
        assert last == "Execution" if skip is None else skip.label in SAID_BY[last]


@given(markets(BTC, ETH), STRATEGIES, st.sampled_from(["same_close", "next_open"]))
def test_nobody_can_tell_whether_a_run_was_observed(market, of, fill):
    unseen = run(of, market, BTC, ETH, fill=fill)
    seen = run(of, market, BTC, ETH, fill=fill, observer=Witness())
    assert seen.records == unseen.records
    assert seen.kernel.fingerprint() == unseen.kernel.fingerprint()


@given(markets(BTC, ETH), STRATEGIES)
def test_the_folds_hold_the_counts_of_every_step(market, of):
    witness = Witness()
    entries = run(of, market, BTC, ETH, observer=witness).entries
    told = Counter(skip.label for steps in witness.candles for _, skip in steps if skip)
    folded = sum((Counter(fold.counts) for fold in of_type(CandlesSkipped, entries)), Counter())
    assert folded == told
    entered, decided = len(market), len(of_type(DecisionMade, entries))
    for name in names_of(of):
        assert entered == sum(name in dict(steps) for steps in witness.candles)
        entered -= sum(folded[reason] for reason in SAID_BY.get(name, ()))
    assert entered == decided


def test_a_step_that_is_not_configured_is_not_there():
    witness = Witness()
    turned(opened(OBEDIENT, observer=witness), candles([500_01]))
    gated = strategy(PythonRule("given.py:Obedient"), gate=Gate(), filters=[MinConfidence(0)])
    turned(opened(gated, observer=witness), candles([500_01, 510_01, 520_01]))
    assert [name for name, _ in witness.candles[0]] == ["Enrichment", "FeatureEngineering", "Inference", "Execution"]
    assert [name for name, _ in witness.candles[2]] == list(STEP_NAMES)


@pytest.mark.parametrize("bad", [nan, inf, -inf])
@pytest.mark.parametrize("place", [0, 1])
def test_a_feature_that_is_no_number_ends_the_candle(bad, place):
    context = CandleContext(None, None, None, None)
    context.values = [1.0, 1.0]
    context.values[place] = bad
    engineer = FeatureEngineering(["a", "b"], None, ["a", "b"])
    assert engineer(context) is SkipReason.FEATURE_NOT_FINITE
    assert context.features == ()
    context.values = [inf, -inf]
    assert engineer(context) is SkipReason.FEATURE_NOT_FINITE


def test_an_average_that_is_no_number_decides_nothing():
    """A quotient by a price of zero is no number, from the fifth candle on."""
    over = [feature("one", "roc", "close", period=1), feature("fast", "ema", period=2)]
    kernel = opened(strategy(Cross("one", "fast"), over))
    turned(kernel, candles([500_00] * 5 + [0]))
    assert turned(kernel, candles([600_00], start=6 * MINUTE)) == []
    assert fold(kernel)[-1] == SkipReason.FEATURE_NOT_FINITE


def test_a_rule_gets_its_features_in_the_order_in_which_it_names_them():
    class Asks(Rule):
        inputs = ("slow", "fast")

        def predict(self, values, market, position):
            asked.append((tuple(values), market.instrument.symbol))
            return LONG

    asked = []
    features = [
        feature("fast", "ema", period=1),
        feature("unread", "zscore", period=2),
        feature("slow", "ema", "open", period=3),
    ]
    kernel = Kernel(Blueprint((Seat(strategy(PythonRule("a.py:Asks"), features), "model", Asks),), (BTC,), (MINUTE,)))
    turned(kernel, [opening(), *candles([500_00, 510_00, 520_00, 530_00])])
    opens = 500.0 + 0.5 * (500.0 - 500.0)
    slow = opens + 0.5 * (510.0 - opens)
    assert asked == [((slow, 520.0), "BTC/USDT"), ((slow + 0.5 * (520.0 - slow), 530.0), "BTC/USDT")]
