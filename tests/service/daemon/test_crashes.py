"""A sample of the crash campaign (campaign.py): daemons die at every named point of a turn."""

from collections import Counter

import pytest

from service.daemon.crash import POINTS
from service.embedded.client import join
from tests.service.daemon.campaign import SETUPS, Campaign, Death, Setup

BRACKETS = next(setup for setup in SETUPS if setup.strategy == "mean_reversion")
PLANS = (
    (
        BRACKETS,
        [
            *(Death("before_append", 3), Death("in_dispatch", 7), Death("after_commit", 5)),
            *(Death("after_dispatch", 11), Death("before_commit", 2), Death("after_snapshot", 1)),
        ],
    ),
    (
        Setup("two_strategies", symbols=2),
        [
            *(Death("before_commit", 5), Death("before_dispatch", 4), Death("after_dispatch", 9)),
            *(Death("in_dispatch", 3), Death("before_append", 4), Death("in_snapshot", 1)),
        ],
    ),
)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("crashes")
    with join(data_dir):
        yield Campaign(data_dir, rows=1_500)


@pytest.mark.parametrize(("setup", "plan"), PLANS, ids=[setup.strategy for setup, _ in PLANS])
def test_a_stream_that_died_everywhere_ends_as_its_backtest(campaign, setup, plan):
    before = campaign.deaths.copy()
    campaign.survive(setup, plan, snapshot_every=200)
    assert campaign.deaths - before == Counter(death.point for death in plan)


def test_the_plans_leave_no_point_out():
    assert {death.point for _, plan in PLANS for death in plan} == set(POINTS)
