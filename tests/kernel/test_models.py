"""What the models that come with candled say, to the edge."""

from math import nextafter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.models.breakout import Breakout
from kernel.models.cross import Cross
from kernel.models.mean_reversion import MeanReversion
from kernel.models.prediction import FLAT, LONG, NO_OPINION, SHORT, Prediction
from kernel.models.rotation import Rotation

ABOVE, BELOW = nextafter(1.0, 2.0), nextafter(1.0, 0.0)


@pytest.mark.parametrize(("fast", "said"), [(ABOVE, LONG), (1.0, None), (BELOW, FLAT)])
def test_a_cross_is_on_the_side_of_the_fast_one(fast, said):
    assert Cross("fast", "slow").predict((fast, 1.0)) == said


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (-9.0, Prediction(1, 1.0)),
        (-4.0, Prediction(1, 1.0)),
        (-3.0, Prediction(1, 0.75)),
        (-2.0, Prediction(1, 0.5)),
        (nextafter(-2.0, 0.0), None),
        (nextafter(-0.5, -1.0), None),
        (-0.5, FLAT),
        (3.0, FLAT),
    ],
)
def test_mean_reversion_enters_far_below_and_leaves_near_the_mean(score, said):
    assert MeanReversion("score", entry=2.0, exit=0.5).predict((score,)) == said


@pytest.mark.parametrize(
    ("price", "said", "on_both_sides"),
    [(ABOVE, LONG, LONG), (1.0, None, None), (0.75, None, None), (0.5, None, None), (0.25, FLAT, SHORT)],
)
def test_a_breakout_follows_a_price_out_of_its_range(price, said, on_both_sides):
    assert Breakout("price", "high", "low").predict((price, 1.0, 0.5)) == said
    assert Breakout("price", "high", "low", both_sides=True).predict((price, 1.0, 0.5)) == on_both_sides


def test_above_a_range_that_is_upside_down_a_breakout_is_long():
    """Two features need not be a high and a low."""
    assert Breakout("price", "high", "low", both_sides=True).predict((1.0, 0.5, 1.5)) == LONG


MODELS = [
    Cross("fast", "slow"),
    MeanReversion("score"),
    MeanReversion("score", entry=0.5, exit=0.5),
    MeanReversion("score", entry=-1.0, exit=1.0),
    Breakout("price", "high", "low"),
    Breakout("price", "high", "low", both_sides=True),
]
values = st.one_of(st.sampled_from([-2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, ABOVE, BELOW]), st.floats(-9.0, 9.0))


@pytest.mark.parametrize("model", MODELS, ids=str)
@given(st.data())
def test_whole_columns_say_what_candle_by_candle_is_said(model, data):
    width = len(model.inputs)
    rows = data.draw(st.lists(st.tuples(*[values] * width), min_size=1, max_size=30))
    said = [model.predict(row) for row in rows]
    expected = [NO_OPINION if prediction is None else prediction.direction for prediction in said]
    found = model.directions([np.array(column) for column in zip(*rows, strict=True)])
    assert (found.dtype, found.tolist()) == (np.int8, expected)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), values), st.integers(1, 4), values)
def test_a_rotation_is_long_in_the_strongest_and_flat_elsewhere(scores, hold, least):
    said = Rotation("score", hold, least).predict_all({symbol: [score] for symbol, score in scores.items()})
    assert set(said) == set(scores)
    for symbol, prediction in said.items():
        own = scores[symbol]
        before = sum(other > own or (other == own and name < symbol) for name, other in scores.items())
        assert prediction == (LONG if own > least and before < hold else FLAT)
