"""Every command is one message in the log with its actor, once for a key, and its answer says what became of it."""

import threading
from decimal import Decimal

import pytest

from kernel.codec import decode
from kernel.limits import Limits
from kernel.messages import CancelAllOrders, CancelOrder, ChangeLimits, SetTradingState, SwitchFeatureGroup
from tests.service.api.daemon import GROUP


def recorded(served, kind):
    records = [r for r in served.daemon.writer.records if r.type == kind]
    return [decode(r.type, r.schema_version, r.payload) for r in records]


@pytest.mark.parametrize(
    ("path", "body", "command"),
    [
        ("/pause", {}, SetTradingState(0, 0, "halted", "", False, "operate", "k")),
        ("/pause", {"strategy": "cross"}, SetTradingState(0, 0, "halted", "cross", False, "operate", "k")),
        ("/resume", {"actor": "ann"}, SetTradingState(0, 0, "active", "", False, "operate:ann", "k")),
        ("/reduce", {}, SetTradingState(0, 0, "reducing", "", False, "operate", "k")),
        ("/flatten", {"confirm": True}, SetTradingState(0, 0, "halted", "", True, "operate", "k")),
        ("/cancel-all", {}, CancelAllOrders(0, 0, "", "", "operate", "k")),
        ("/cancel-all", {"symbol": "ETH/USDT"}, CancelAllOrders(0, 0, "", "ETH/USDT", "operate", "k")),
        ("/orders/30/cancel", {}, CancelOrder(0, 0, 30, "operate", "k")),
        (
            "/limits",
            {"limits": {"max_leverage": "3"}, "strategy": "cross"},
            ChangeLimits(0, 0, "cross", Limits(max_leverage=Decimal(3)), "operate", "k"),
        ),
        (f"/features/{GROUP}", {"enabled": False}, SwitchFeatureGroup(0, 0, GROUP, False, "operate", "k")),
    ],
)
def test_a_command_is_what_was_asked_for(served, path, body, command):
    told = served.post(path, body, key="k")
    assert (told.status, served.daemon.asked) == (200, [command])
    assert (told.json["durable"], told.json["repeated"]) == ("log", False)
    record = served.daemon.writer.records[told.json["seq"] - 1]
    written = decode(record.type, record.schema_version, record.payload)
    assert (type(written), written.key, written.actor) == (type(command), "k", command.actor)
    assert written.after == 24  # set where it is turned
    assert {event["type"] for event in told.json["events"]} != set()


def test_flatten_closes_what_is_held_and_halts(served):
    told = served.post("/flatten", {"confirm": True}).json
    kinds = [event["type"] for event in told["events"]]
    assert kinds.count("TradingStateChanged") == 1
    assert kinds.count("OrderRequested") == 1  # of the two positions one is being closed already
    assert kinds.count("CancelRequested") == 5
    assert served.get("/status").json["trading"] == "halted"


@pytest.mark.parametrize("body", [{"confirm": False}, {}, {"confirm": "true"}, {"confirm": 1}])
def test_flatten_must_be_confirmed(served, body):
    told = served.post("/flatten", body)
    assert (told.status, served.daemon.asked) == (400, [])


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/pause", {"strategy": "none"}, "no_such_strategy"),
        ("/cancel-all", {"symbol": "XRP/USDT"}, "no_such_market"),
        ("/orders/1/cancel", {}, "no_such_live_order"),
        ("/limits", {"limits": {}, "strategy": "none"}, "no_such_strategy"),
    ],
)
def test_what_the_kernel_refuses_is_a_conflict_with_its_reason_and_its_record(served, path, body, code):
    told = served.post(path, body)
    assert (told.status, told.json["code"]) == (409, code)
    assert f"record {recorded_seq(served)}" in told.json["error"]
    (refusal,) = recorded(served, "CommandRefused")
    assert refusal.detail in told.json["error"]


def recorded_seq(served) -> int:
    return next(r.seq for r in served.daemon.writer.records if r.type == "CommandRefused") - 1


def test_the_same_key_again_does_nothing_again(served):
    first = served.post("/flatten", {"confirm": True}, key="once").json
    head = served.daemon.head
    for _ in range(3):
        again = served.post("/flatten", {"confirm": True}, key="once").json
        assert (again["seq"], again["repeated"], again["events"]) == (first["seq"], True, [])
    assert served.daemon.head == head


def test_a_key_belongs_to_one_wish(served):
    served.post("/pause", key="once")
    other = served.post("/resume", key="once")
    assert (other.status, other.json["code"]) == (409, "key_reused")
    assert served.get("/status").json["trading"] == "halted"


def test_two_at_once_with_one_key_close_once(served):
    served.here(served.daemon.gate.clear)
    answers = []

    def flatten():
        answers.append(served.post("/flatten", {"confirm": True}, key="both"))

    threads = [threading.Thread(target=flatten) for _ in range(2)]
    for thread in threads:
        thread.start()
    while len(served.daemon.asked) < 2:
        threads[0].join(0.01)
    served.here(served.daemon.gate.set)
    for thread in threads:
        thread.join()
    assert sorted((a.status, a.json["repeated"]) for a in answers) == [(200, False), (200, True)]
    assert len({a.json["seq"] for a in answers}) == 1
    assert len(recorded(served, "SetTradingState")) == 1


def test_the_kill_switch_works_without_a_database_and_nothing_else_does(served):
    served.daemon.up = False
    told = served.post("/flatten", {"confirm": True})
    assert (told.status, told.json["durable"], told.json["seq"]) == (202, "spool", 0)
    assert served.post("/cancel-all").status == 202
    refused = served.post("/limits", {"limits": {}})
    assert (refused.status, refused.json["code"]) == (503, "database_unavailable")
    assert len(served.daemon.spool) == 2


def test_a_command_that_hangs_is_answered_and_goes_on(served, monkeypatch):
    monkeypatch.setattr("service.api.desk.ORDER_S", 0.2)
    served.here(served.daemon.gate.clear)
    told = served.post("/pause", key="slow")
    assert (told.status, told.json["code"]) == (504, "undecided")
    assert "same Idempotency-Key" in told.json["fix"]
    served.here(served.daemon.gate.set)
    again = served.post("/pause", key="slow")
    assert (again.status, again.json["repeated"]) == (200, True)


def test_a_client_that_leaves_does_not_take_its_command_back(served):
    served.here(served.daemon.gate.clear)
    head = f"POST /pause HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {served.tokens['operate']}\r\n"
    head += "Idempotency-Key: left\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    with served.connect() as plug:
        plug.sendall(head.encode())
        while not served.daemon.asked:
            threading.Event().wait(0.01)
    served.here(served.daemon.gate.set)
    assert served.post("/pause", key="left").json["repeated"] is True


@pytest.mark.parametrize(
    "amount", ["NaN", "Infinity", "-1", "1e9", "1_0", "", "1\n", " 1", "9" * 21, "0." + "1" * 19, 1]
)
def test_a_limit_is_a_plain_number(served, amount):
    told = served.post("/limits", {"limits": {"max_position": amount}})
    assert (told.status, served.daemon.asked) == (400, [])


@pytest.mark.parametrize("actor", ["a\nb", "\x1b[31m", "é", "x" * 65, None, 7])
def test_an_actor_is_short_printable_text(served, actor):
    assert served.post("/pause", {"actor": actor}).status == 400
    assert served.daemon.asked == []
