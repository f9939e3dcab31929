"""What the models that come with candled say, to the edge."""

from math import nextafter

import pytest

from kernel.models.cross import Cross
from kernel.models.mean_reversion import MeanReversion
from kernel.models.prediction import FLAT, LONG, Prediction

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
