"""Every candle has an answer, and the answers together are the log: its folds are re-derived from them."""

from collections import Counter
from hashlib import sha256

import pytest
from made import MEAN_REVERSION, OWN_RULE, Ran, dataset, run, walk

from kernel.context import STEP_NAMES
from kernel.errors import CheckFailed, LogCorrupt, NotFound, UsageError
from kernel.skip import SkipReason
from kernel.timeframe import iso, parse_time

GATED = (
    "strategy.gate.threshold=0.004",
    "strategy.features.0.period=20",
    "strategy.model.entry=0.8",
    "strategy.filters.1.candles=5",
    "account.cash=20200",
    "strategy.filters.0.at_least=0.6",
    "strategy.exits={}",
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> Ran:
    """Gate, warm-up, no opinion, filters, decisions and refusals, in 300 candles."""
    data_dir = tmp_path_factory.mktemp("explain")
    return run(data_dir, [dataset(data_dir, walk(300, 4))], MEAN_REVERSION, *GATED)


@pytest.fixture(scope="module")
def answers(ran):
    return [ran.explained(candle.open_time) for candle in walk(300, 4)]


def test_the_folds_of_the_log_are_the_explained_reasons(ran, answers):
    by_record = {record.seq: event for record, event in zip(ran.records, ran.entries, strict=True)}
    folds = [(seq, e) for seq, e in by_record.items() if type(e).__name__ == "CandlesSkipped"]
    for seq, fold in folds:
        within = answers[fold.first - 1 : fold.last]
        assert {(a.outcome, a.seq) for a in within} == {("skipped", seq)}
        assert Counter(a.reason for a in within) == fold.counts
        assert sha256(bytes(SkipReason[a.reason.upper()] for a in within)).hexdigest() == fold.reasons_hash
    decided = {e.candle: seq for seq, e in by_record.items() if type(e).__name__ == "DecisionMade"}
    refused = {e.candle: e.reason for e in ran.of_type("RiskRefused")}
    assert refused
    for ordinal, seq in decided.items():
        answer = answers[ordinal - 1]
        assert (answer.seq, answer.outcome) == (seq, "refused" if ordinal in refused else "ordered")
        assert answer.reason == refused.get(ordinal)
    assert sum(f.last - f.first + 1 for _, f in folds) + len(decided) == 300


def test_every_reason_of_this_strategy_was_met(answers):
    assert {a.reason for a in answers} >= {
        "warming_up", "gate_closed", "no_opinion", "target_unchanged", "low_confidence", "cooling_down",
    }  # fmt: skip


def test_the_steps_end_where_the_candle_ended(answers):
    for answer in answers:
        assert tuple(step.step for step in answer.steps) == STEP_NAMES
        outcomes = [step.outcome for step in answer.steps]
        if answer.outcome == "skipped":
            ended = outcomes.index("skipped")
            assert outcomes == ["passed"] * ended + ["skipped"] + ["not_reached"] * (5 - ended)
            assert [step.reason for step in answer.steps if step.reason] == [answer.reason]
        else:
            assert outcomes == ["passed"] * 6


def test_a_decision_shows_its_values_and_the_orders_whole_story(ran, answers):
    filled = [a for a in answers if a.outcome == "ordered"]
    assert len(filled) > 2
    for answer in filled:
        (order,) = answer.orders
        told = [record["type"] for record in order["records"]]
        assert told[:2] == ["OrderRequested", "OrderAccepted"]
        assert told[2:] in (["OrderFilled", "PositionChanged"], ["OrderCanceled"])  # the account could not pay
        recorded = {record.seq: event for record, event in zip(ran.records, ran.entries, strict=True)}
        assert all(recorded[r["seq"]].order == order["order"] for r in order["records"])
        steps = {step.step: step.values for step in answer.steps}
        assert steps["Enrichment"].keys() == {"score"}
        assert steps["Inference"]["direction"] != steps["Inference"]["direction_now"]
        assert steps["Execution"].keys() == {"DecisionMade", "OrderRequested"}


def test_the_candle_is_shown_as_it_is_in_the_data(answers):
    for candle, answer in zip(walk(300, 4), answers, strict=True):
        assert answer.candle["opened_at"] == iso(candle.open_time)
        assert answer.candle["closed_at"] == iso(candle.open_time + 60_000_000_000)
        assert float(answer.candle["close"]) == candle.close / 100


def test_a_time_within_or_between_candles_means_the_candle_before(ran, tmp_path):
    assert ran.explained("2022-01-01T02:00:59").candle["opened_at"] == "2022-01-01T02:00:00Z"
    holed = [c for c in walk(200) if not 100 <= (c.open_time - parse_time("2022-01-01")) // 60_000_000_000 < 150]
    hole = run(tmp_path, [dataset(tmp_path, holed)])
    assert hole.explained("2022-01-01T02:10").candle["opened_at"] == "2022-01-01T01:39:00Z"
    assert hole.explained("2022-01-01T02:30").candle["opened_at"] == "2022-01-01T02:30:00Z"
    assert hole.explained("2022-02-01").candle["opened_at"] == "2022-01-01T03:19:00Z"
    with pytest.raises(NotFound, match="no candle at 2021-12-31T23:59:00Z or before") as raised:
        hole.explained("2021-12-31T23:59")
    assert "2022-01-01T00:00:00Z" in raised.value.fix


def test_history_says_that_it_is_history_and_what_lies_behind_the_window_is_not_there(tmp_path):
    windowed = run(tmp_path, [dataset(tmp_path, walk(200))], first="2022-01-01T01:00", before="2022-01-01T03:00")
    history = windowed.explained("2022-01-01T00:30")
    assert (history.outcome, history.seq, history.reason) == ("warmup", None, None)
    assert windowed.explained("2022-01-01T01:00").outcome == "skipped"
    with pytest.raises(UsageError, match="it ended before"):
        windowed.explained("2022-01-01T03:00")


def test_several_markets_are_told_apart(tmp_path):
    ran = run(tmp_path, [dataset(tmp_path, walk(200, 1)), dataset(tmp_path, walk(200, 2), "ETH/USDT")])
    for symbol in ("BTC/USDT", "ETH/USDT"):
        decisions = [e for e in ran.of_type("DecisionMade") if e.symbol == symbol]
        assert decisions
        for decision in decisions:
            answer = ran.explained(decision.ts - 60_000_000_000, symbol)
            assert (answer.candle["symbol"], answer.outcome) == (symbol, "ordered")
            (requested,) = (s.values["OrderRequested"] for s in answer.steps if s.step == "Execution")
            assert requested["candle"] == decision.candle


def test_an_own_rules_values_carry_the_names_of_what_it_reads(tmp_path):
    extra = "strategy.features=[{name='slow', kind='ema', period=5}, {name='score', kind='zscore', period=20}]"
    ran = run(tmp_path, [dataset(tmp_path, walk(200))], OWN_RULE, extra)
    answer = ran.explained("2022-01-01T02:00")
    (enrichment,) = (step.values for step in answer.steps if step.step == "Enrichment")
    assert enrichment.keys() == {"score"}
    assert abs(enrichment["score"]) < 10  # an average would be a price


def test_an_answer_that_the_log_contradicts_is_refused(ran):
    records = ran.records
    place = next(i for i, r in enumerate(records) if r.type == "CandlesSkipped")
    fold = records[place]
    lie = fold._replace(payload=fold.payload.replace(b'"gate_closed":', b'"outside_session":'))
    with pytest.raises(CheckFailed, match="candle 1 gives gate_closed; the log does not say so"):
        ran.explained("2022-01-01", recorded=[*records[:place], lie, *records[place + 1 :]])
    broken = fold._replace(payload=fold.payload[:-1])
    with pytest.raises(LogCorrupt, match="record 2 is no CandlesSkipped"):
        ran.explained("2022-01-01", recorded=[*records[:place], broken, *records[place + 1 :]])


def test_a_candle_behind_the_end_of_a_crashed_log_was_never_decided_on(ran):
    cut = ran.records[: len(ran.records) // 2]
    with pytest.raises(UsageError, match=r"the log ends at candle \d+, before this one, which is candle 300"):
        ran.explained("2022-01-01T04:59", recorded=cut)
    assert ran.explained("2022-01-01T00:05", recorded=cut).reason in ("gate_closed", "warming_up")
