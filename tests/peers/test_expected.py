"""The trades of five independent engines, checked in: a year of the oracle's computed anew, each peer's digest equal.

`python benchmarks/peers/run.py --accept` makes `expected.json`; here nothing but the oracle runs.
"""

import json
from pathlib import Path

import pytest

from benchmarks.peers.reference import read, run, text

EXPECTED = json.loads((Path(__file__).parent / "expected.json").read_text())
YEAR = "BTCUSDT-1m-2022"
FILLS = ("same_close", "next_open")


@pytest.fixture(scope="module")
def year(shared_data):
    return read([shared_data / "candles" / name for name in EXPECTED[YEAR]["files"]])


@pytest.mark.parametrize("fill", FILLS)
def test_the_oracle_makes_the_trades_that_were_checked_in(year, fill):
    account = run(year, fill)
    assert len(year) == EXPECTED[YEAR]["rows"]
    assert {
        "fills": len(account.fills),
        "round_trips": account.round_trips,
        "digest": account.digest,
        "fees": text(account.fees),
        "final_cash": text(account.cash),
        "final_equity": text(account.equity),
    } == EXPECTED[YEAR][fill]["reference"]


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("name", EXPECTED)
def test_every_peer_made_the_oracles_trades(name, fill):
    by_hand, peers = (EXPECTED[name][fill][who] for who in ("reference", "peers"))
    assert len(peers) == (4 if fill == "same_close" else 3)  # NautilusTrader has no fill at the next open
    for peer, trades in peers.items():
        assert trades == {field: by_hand[field] for field in trades}, peer
