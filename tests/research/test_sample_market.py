"""The synthetic market: the same on every machine, sane, and never to be taken for a real one."""

import pytest

from kernel.errors import UsageError
from research.importing.candles import Candles
from research.importing.checks import check_candles
from research.importing.origin import Origin
from research.sample_market import make_sample_market
from venues.dataset import open_dataset

# Made on Linux x86-64, Python 3.11, numpy 2.4; another id elsewhere means that the walk is not portable.
GOLDEN = {"rows": 5_000, "seed": 7, "dataset": "f1374b88a4abd939bd8d874332ea88dd0e8cf996016d1c9770925f4a10cd3b92"}


def test_it_is_the_same_everywhere(tmp_path):
    assert make_sample_market(tmp_path, rows=GOLDEN["rows"], seed=GOLDEN["seed"]).dataset == GOLDEN["dataset"]


def test_another_seed_is_another_market_and_a_shorter_one_its_beginning(tmp_path):
    one, other, short = (make_sample_market(tmp_path, rows=n, seed=s) for n, s in ((3_000, 7), (3_000, 8), (1_000, 7)))
    assert one.dataset != other.dataset
    blocks = [next(open_dataset(tmp_path, manifest.dataset).blocks()) for manifest in (one, short)]
    assert blocks[0].close[:1_000].tolist() == blocks[1].close.tolist()


def test_it_is_labelled_and_holds_candles(tmp_path):
    made: list[int] = []
    manifest = make_sample_market(tmp_path, rows=20_000, progress=made.append)
    assert (manifest.venue, manifest.symbol, manifest.rows, manifest.gaps) == ("synthetic", "DEMO/USDT", 20_000, 0)
    assert sum(made) == 20_000
    (block,) = open_dataset(tmp_path, manifest.dataset).blocks()
    check_candles(Candles(block, manifest.price_decimals, manifest.volume_decimals), Origin("sample"))
    assert (block.open[1:] == block.close[:-1]).all()


@pytest.mark.parametrize("rows", [0, -1, 10**9])
def test_it_has_candles_and_none_in_the_future(tmp_path, rows):
    with pytest.raises(UsageError, match="cannot have"):
        make_sample_market(tmp_path, rows=rows)
