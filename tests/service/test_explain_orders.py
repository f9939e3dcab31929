"""Why a position ended, or was never opened, asked at the candle where it happened; every market is made by hand."""

import pytest
from made import dataset, levels, market_of, run

from kernel.errors import CheckFailed
from kernel.timeframe import iso

ACCOUNT = """
[account]
cash = "{cash}"
[venue]
fill = "next_open"
fee_rate = "0.001"
"""
UP, DOWN, CALM = 40_200, 39_700, 40_000


@pytest.fixture
def ran(tmp_path):
    """Runs a strategy on one market made by hand; gives the run."""

    def go(exits: str, *rows, further: str = "", cash="1000000"):
        text = f'[strategy]\n{levels()}execution = {{ quantity = "1" }}\n[strategy.exits]\n{exits}\n'
        (tmp_path / "mine.toml").write_text(text + further + ACCOUNT.format(cash=cash))
        return run(tmp_path, [dataset(tmp_path, market_of(*rows))], tmp_path / "mine.toml")

    return go


def minute(number: int) -> str:
    """When the candle opens that comes after so many others."""
    return f"2022-01-01T00:{number:02}"


def told(order) -> list[str]:
    return [record["type"] for record in order["records"]]


def test_a_trade_that_was_stopped_out_at_the_candle_of_the_stop(ran):
    """Decided at 40,200: the stop waits at 39,798, and the candle that falls to 39,700 fills it on its way."""
    stopped = ran('stop_loss = "0.01"', CALM, UP, UP, DOWN, CALM)
    entry = stopped.explained(minute(1))
    assert (entry.outcome, entry.reason, entry.standing.position) == ("ordered", None, "0")
    assert [order["records"][0].get("purpose") for order in entry.orders] == [None, "stop"]
    assert entry.reports == (), "the venue's answers came after it"
    resting = stopped.explained(minute(2))
    assert (resting.outcome, resting.reason, resting.standing.position) == ("skipped", "target_unchanged", "1")
    assert [report["type"] for report in resting.reports] == ["OrderFilled"]
    answer = stopped.explained(minute(3))
    assert (answer.outcome, answer.reason) == ("skipped", "target_unchanged"), "below the range, and flat already"
    assert (answer.standing.position, answer.standing.direction, answer.standing.live_orders) == ("0", 0, ())
    (fill,) = answer.reports
    assert (fill["type"], fill["order"], fill["price"]) == ("OrderFilled", 2, "39798")
    (stop,) = answer.orders
    assert told(stop) == ["OrderRequested", "OrderAccepted", "OrderFilled", "PositionChanged"]
    request, _, _, booked = stop["records"]
    assert (request["purpose"], request["trigger"], booked["realized_profit"]) == ("stop", "39798", "-402")
    assert answer.forced == ()
    after = stopped.explained(minute(4))
    assert (after.reason, after.reports, after.orders) == ("no_opinion", (), ())


def test_a_time_barrier_is_forced_and_takes_the_guards_away(ran):
    """Bought at the open of the third candle, which closes at three: two minutes from then it is time."""
    timed = ran('stop_loss = "0.05"\nminutes = 2', CALM, UP, UP, UP, UP, UP, CALM)
    before = timed.explained(minute(3))
    assert (before.reason, before.forced) == ("target_unchanged", ())
    answer = timed.explained(minute(4))
    assert (answer.outcome, answer.reason) == ("skipped", "target_unchanged")
    assert [(e["type"], e["order"]) for e in answer.forced] == [("CancelRequested", 2), ("OrderRequested", 3)]
    assert [e.get("purpose", e.get("reason")) for e in answer.forced] == ["time", "time"]
    stop, leaving = answer.orders
    assert told(stop)[-2:] == ["CancelRequested", "OrderCanceled"]
    assert told(leaving) == ["OrderRequested", "OrderAccepted", "OrderFilled", "PositionChanged"]


def test_a_refusal_gives_its_reason_and_its_figures(ran):
    poor = ran("", CALM, UP, CALM, cash="40000")
    answer = poor.explained(minute(1))
    assert (answer.outcome, answer.reason, answer.orders) == ("refused", "insufficient_cash", ())
    assert answer.standing.equity == "40000"
    (execution,) = (step for step in answer.steps if step.step == "Execution")
    assert execution.values["RiskRefused"]["target"] == "1"
    assert execution.values["RiskRefused"]["detail"].startswith("40240.2 USDT needed, 40000 free")


def test_a_protections_halt_is_forced_and_the_candles_after_it_say_so(ran):
    wild = (
        '[[risk.protections]]\nkind = "volatility_spike"\nrange_rate = "0.02"\naction = "flatten"\npause_minutes = 3\n'
    )
    halted = ran("", CALM, UP, UP, (UP, UP + 900, UP, UP), DOWN, UP, CALM, CALM, UP, further=wild)
    answer = halted.explained(minute(3))
    assert (answer.outcome, answer.reason) == ("skipped", "target_unchanged")
    change, leaving = answer.forced
    assert (change["type"], change["state"], change["cause"]) == ("TradingStateChanged", "halted", "volatility_spike")
    assert "from 40200 to 41100" in change["detail"]
    assert (leaving["type"], leaving["purpose"]) == ("OrderRequested", "protection")
    blocked = halted.explained(minute(5))
    assert (blocked.outcome, blocked.reason) == ("skipped", "trading_halted")
    assert (blocked.standing.trading_state, blocked.standing.position) == ("halted", "0")
    lifted = halted.explained(minute(6))
    assert [e["state"] for e in lifted.forced] == ["active"]
    assert halted.explained(minute(8)).outcome == "ordered"


ROTATION = """
[strategy]
name = "strongest"
features = [{ name = "momentum", kind = "roc", period = 1 }]
model = { kind = "rotation", score = "momentum" }
execution = { quantity = "1" }
"""


@pytest.fixture
def rotation(tmp_path):
    """Falls, rises, rises: the first market is bought at the second instant, and left for the other at the third."""
    first, other = market_of(100, 110, 111, 111, 111, 111), market_of(100, 100, 120, 130, 140, 150)
    (tmp_path / "mine.toml").write_text(ROTATION + ACCOUNT.format(cash="1000"))
    markets = [dataset(tmp_path, first, "AAA/USDT"), dataset(tmp_path, other, "BBB/USDT")]
    return run(tmp_path, markets, tmp_path / "mine.toml")


def test_a_rotation_is_explained_at_the_end_of_the_instant(rotation):
    answers = {s: [rotation.explained(minute(n), s) for n in range(6)] for s in ("AAA/USDT", "BBB/USDT")}
    outcomes = {symbol: [(a.outcome, a.reason) for a in told] for symbol, told in answers.items()}
    bought, left = answers["AAA/USDT"][1:3]
    assert outcomes["AAA/USDT"][:3] == [("skipped", "warming_up"), ("ordered", None), ("ordered", None)]
    assert [o["records"][0]["side"] for a in (bought, left) for o in a.orders if "symbol" in o["records"][0]][
        0
    ] == "buy"
    assert left.standing.position == "1"
    steps = {step.step: step for step in left.steps}
    assert steps["Execution"].outcome == "passed"
    assert steps["Enrichment"].values["momentum"] == pytest.approx(1 / 110)
    waited = [a for a in answers["BBB/USDT"] if a.reason == "awaiting_exit"]
    ordered = [a for a in answers["BBB/USDT"] if a.outcome == "ordered"]
    assert len(waited) == len(ordered) == 1, "sold first, then bought"
    assert waited[0].candle["closed_at"] == left.candle["closed_at"] < ordered[0].candle["closed_at"]


def test_a_market_that_a_rotation_leaves_as_it_is_has_an_answer_too(rotation):
    """At the second instant the other market alone is decided on."""
    answer = rotation.explained(minute(1), "BBB/USDT")
    assert (answer.outcome, answer.reason) == ("skipped", "target_unchanged")
    assert answer.orders == ()
    decision = next(
        record for record, entry in zip(rotation.records, rotation.entries, strict=True)
        if record.type == "DecisionMade" and entry.symbol == "AAA/USDT"
    )  # fmt: skip
    assert answer.seq == decision.seq, "the record that covers the instant"


def test_a_lie_about_a_rotations_instant_is_found(rotation):
    records = rotation.records
    place = next(i for i, r in enumerate(records) if r.type == "DecisionMade")
    with pytest.raises(CheckFailed, match="the log does not say so"):
        rotation.explained(minute(1), "AAA/USDT", recorded=[*records[:place], *records[place + 1 :]])


TWO = f"""
[[strategies]]
{levels("climber", 40_100, 39_900)}execution = {{ quantity = "1" }}
[[strategies]]
{levels("waiter", 40_500, 39_900)}execution = {{ quantity = "0.5" }}
[strategies.exits]
stop_loss = "0.02"
"""


def test_each_of_two_strategies_has_its_own_answer(tmp_path):
    (tmp_path / "mine.toml").write_text(TWO + ACCOUNT.format(cash="1000000"))
    both = run(tmp_path, [dataset(tmp_path, market_of(CALM, UP, UP, 40_600, 40_600))], tmp_path / "mine.toml")
    names = [(both.explained(minute(n), strategy=s).outcome) for n in (1, 3) for s in ("climber", "waiter")]
    assert names == ["ordered", "skipped", "skipped", "ordered"]
    waiter = both.explained(minute(3), strategy="waiter")
    assert (waiter.strategy, waiter.standing.position, len(waiter.orders)) == ("waiter", "0", 2)
    climber = both.explained(minute(4), strategy="climber")
    assert (climber.standing.position, climber.standing.live_orders, climber.reports) == ("1", (), ())
    assert iso(both.records[-1].ts) > climber.candle["opened_at"]
