"""What the API says of a daemon is what its kernel knows."""

import asyncio
import threading
from decimal import Decimal

import pytest

from kernel.events import DecisionMade
from kernel.messages import MarketEnded
from kernel.portfolio import equity
from tests.kernel.given import finish, of_type
from tests.service.api.daemon import GROUP, Daemon, explain
from tests.service.api.serving import serving


def test_status_is_the_kernels_state(shared):
    told, daemon = shared.get("/status", scope="read").json, shared.daemon
    state = daemon.kernel.state
    assert (told["stream"], told["run"], told["epoch"], told["speed"]) == ("paper", "ab" * 32, 7, "60")
    assert told["head"] == {"seq": daemon.head.seq, "hash": daemon.head.hash.hex()}
    assert told["head"] == shared.get("/log/head").json
    assert (told["market_time"], told["market_messages"]) == ("1970-01-01T00:12:00Z", state.ordinal)
    assert Decimal(told["equity"]) == equity(state)
    assert {asset: Decimal(amount) for asset, amount in told["balances"].items()} == state.balances
    assert told["orders"] == len(state.orders) == len(shared.get("/orders").json["orders"])
    held = [p for book in state.books.values() for p in book.positions.values() if p.quantity]
    assert told["positions"] == len(held) == 2
    assert (told["ready"], told["problems"], told["trading"], told["restrictions"]) == (True, {}, "active", [])


def test_a_daemon_that_has_seen_no_market_can_be_asked(tmp_path, logged):
    with serving(tmp_path, daemon=Daemon()) as fresh:
        told = fresh.get("/status").json
        assert (told["market_time"], told["equity"], told["positions"]) == (None, "1000000", 0)
        assert fresh.get("/positions").json == {"positions": []}
        assert fresh.get("/orders?ended=true").json == {"orders": [], "left_out": 0}
        assert fresh.get("/decisions").json == {"since_seq": 2, "decisions": []}


def test_positions_say_what_they_cost_and_are_worth(shared):
    (held, *_) = shared.get("/positions").json["positions"]
    position = shared.daemon.kernel.state.books["obedient"].positions["BTC/USDT"]
    assert held["live_orders"] == position.live
    assert Decimal(held["worth"]) == position.quantity * Decimal(held["last"]) == Decimal(500)
    assert Decimal(held["open_profit"]) == Decimal(held["worth"]) - position.cost < 0


def test_orders_are_live_or_newest_of_all(shared):
    state = shared.daemon.kernel.state
    assert [o["order"] for o in shared.get("/orders").json["orders"]] == sorted(state.orders)
    told = shared.get("/orders?ended=true&limit=4").json
    newest = sorted(state.orders | state.ended)
    assert [o["order"] for o in told["orders"]] == newest[-4:]
    assert told["left_out"] == len(newest) - 4 > 0
    stop = next(o for o in told["orders"] if o["kind"] == "stop_market")
    assert (stop["purpose"], stop["trigger"], stop["price"], stop["expires_at"]) == ("stop", "400", None, None)


def test_decisions_are_those_made_durable_since_it_began_the_newest_first(served):
    began = served.daemon.head.seq + 1
    assert served.get("/decisions").json == {"since_seq": began, "decisions": []}
    served.here(lambda: served.daemon.lives(8))
    records = served.daemon.writer.records[began - 1 :]
    seqs = [record.seq for record in records if record.type == "DecisionMade"]
    told = served.get("/decisions?limit=1000").json["decisions"]
    assert [each["seq"] for each in told] == seqs[::-1] != []
    assert served.get("/decisions?limit=3").json["decisions"] == told[:3]


def test_modules_are_the_strategies_with_their_groups_as_they_are_switched(served):
    first, second = served.get("/modules").json["strategies"]
    assert (first["strategy"], first["model"], first["groups"]) == ("obedient", "python", {})
    assert (second["features"], second["groups"]) == (["fast", "slow"], {GROUP: True})
    assert "CusumGate" not in second["steps"]
    assert served.post(f"/features/{GROUP}", {"enabled": False}).status == 200
    assert served.get("/modules").json["strategies"][1]["groups"] == {GROUP: False}
    assert served.get("/status").json["groups_off"] == [GROUP]


def test_limits_are_those_in_force(served):
    before = served.get("/limits").json
    assert set(before["strategies"]) == {"obedient", "cross"}
    assert set(before["account"].values()) == {None}
    given = {"max_position": "2.5", "max_open_orders": 7, "price_band": "0.10"}
    assert served.post("/limits", {"limits": given, "strategy": "cross"}).status == 200
    after = served.get("/limits").json
    assert after["account"] == before["account"]
    assert after["strategies"]["cross"] == before["account"] | given | {"price_band": "0.1"}
    assert served.post("/limits", {"limits": {}, "strategy": "cross"}).status == 200  # all of them, so none now
    assert served.get("/limits").json == before


def test_readiness_names_parts_and_tells_nothing_of_them(served):
    assert served.get("/readyz", scope="").json == {"ready": True, "problems": []}
    served.here(lambda: served.daemon.health.say("database", "cannot reach db.example:5432"))
    told = served.get("/readyz", scope="")
    assert (told.status, told.json) == (503, {"ready": False, "problems": ["database"]})
    assert served.get("/livez", scope="").json == {"alive": True}
    assert served.get("/status").json["problems"] == {"database": "cannot reach db.example:5432"}


def test_the_markets_end_and_the_restrictions_are_told(served):
    served.post("/reduce", {"strategy": "cross"})
    daemon = served.daemon
    end = MarketEnded(daemon.kernel.state.ts, daemon.kernel.state.ordinal)
    served.here(lambda: finish(daemon.session.message(end)))
    told = served.get("/status").json
    assert (told["market_ended"], told["trading"]) == (True, "active")
    (one,) = told["restrictions"]
    assert (one["strategy"], one["state"], one["cause"], one["until"]) == ("cross", "reducing", "command", None)
    trading = {p["strategy"]: p["trading"] for p in served.get("/positions").json["positions"]}
    assert trading == {"obedient": "active", "cross": "reducing"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("at=1970-01-01T00:05&symbol=BTC/USDT", 200),
        ("at=1970-01-01T00:05", 400),  # which market?
        ("at=noon&symbol=BTC/USDT", 400),
        ("symbol=BTC/USDT", 400),
        ("at=0001-01-01T00:00%2B23:59&symbol=BTC/USDT", 200),
    ],
)
def test_explain_is_handed_on(shared, query, status):
    told = shared.get(f"/explain?{query}")
    assert told.status == status
    if status == 200:
        assert told.json["candle"]["symbol"] == "BTC/USDT"
    else:
        assert told.json["error"]


def test_one_explanation_at_a_time_even_when_nobody_waits_for_it_any_more(tmp_path, logged, monkeypatch):
    monkeypatch.setattr("service.api.routes.EXPLAIN_S", 0.2)
    gate = threading.Event()

    async def slow(**asked):
        await asyncio.to_thread(gate.wait, 10)
        return await explain(**asked)

    question = "/explain?at=1970-01-01T00:05&symbol=BTC/USDT"
    with serving(tmp_path, explained=slow) as running:
        assert (running.get(question).status, running.get(question).status) == (504, 429)
        gate.set()
        while running.get(question).status == 429:
            pass
        assert running.get(question).status == 200


def test_reading_moves_nothing(shared):
    daemon = shared.daemon
    before = daemon.kernel.fingerprint(), daemon.head
    for path in ("/status", "/positions", "/orders?ended=true", "/decisions", "/modules", "/limits", "/log/head"):
        assert shared.get(path, scope="read").status == 200
    assert (daemon.kernel.fingerprint(), daemon.head) == before
    assert of_type(DecisionMade, daemon.asked) == []
