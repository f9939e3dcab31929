"""A sample of the crash campaign (campaign.py): at every named point of a turn a daemon dies, and nothing is changed."""

import pytest

from service.daemon.crash import POINTS
from service.embedded.client import join
from tests.service.daemon.campaign import ANY_MOMENT, SETUPS, Campaign, Death, Setup

BRACKETS = next(setup for setup in SETUPS if setup.strategy == "mean_reversion")
PLANS = (
    (BRACKETS, 200, [("before_append", 3), ("in_dispatch", 7), ("after_snapshot", 1), ("after_commit", 1)]),
    (
        Setup("two_strategies", symbols=2),
        300,
        [("before_commit", 5), ("before_dispatch", 4), ("after_dispatch", 9), (ANY_MOMENT, 12), ("in_snapshot", 1)],
    ),
)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("crashes")
    with join(data_dir):
        yield Campaign(data_dir, rows=1_500)


@pytest.mark.parametrize(("setup", "snapshot_every", "plan"), PLANS, ids=[setup.strategy for setup, _, _ in PLANS])
def test_a_stream_that_died_everywhere_ends_as_its_backtest(campaign, setup, snapshot_every, plan):
    before = campaign.deaths.copy()
    campaign.survive(setup, [Death(*death) for death in plan], snapshot_every=snapshot_every)
    died = campaign.deaths - before
    assert {point for point, _ in plan} - {ANY_MOMENT} <= set(died)


def test_the_plans_leave_no_point_out():
    assert {point for _, _, plan in PLANS for point, _ in plan} == {*POINTS, ANY_MOMENT}
