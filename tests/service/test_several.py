"""Two strategies on one account, in the whole program: results apart, limits shared, rules kept apart."""

from decimal import Decimal

import pytest
from made import ROOT, dataset, levels, market_of, run, walk

from kernel.errors import ConfigError
from service.runs import rule_dir

ACCOUNT = """
[account]
cash = "{cash}"
[venue]
fill = "same_close"
fee_rate = "0.001"
"""
CROSSES = """
[[strategies]]
name = "quick"
features = [{ name = "fast", kind = "ema", period = 5 }, { name = "slow", kind = "ema", period = 13 }]
model = { kind = "cross", fast = "fast", slow = "slow" }
execution = { quantity = "1" }
[[strategies]]
name = "slow"
features = [{ name = "fast", kind = "ema", period = 12 }, { name = "slow", kind = "ema", period = 40 }]
model = { kind = "cross", fast = "fast", slow = "slow" }
execution = { quantity = "0.5" }
exits = { stop_loss = "0.004" }
"""


@pytest.fixture
def write(tmp_path):
    """Writes a strategy file; gives its path."""

    def write(text: str, *, cash: str = "1000000", name: str = "mine.toml"):
        (tmp_path / name).write_text(text + ACCOUNT.format(cash=cash))
        return tmp_path / name

    return write


def test_what_each_made_adds_up_to_what_the_account_made(tmp_path, write):
    candles = walk(2_000)
    both = run(tmp_path, [dataset(tmp_path, candles)], write(CROSSES))
    last = Decimal(candles[-1].close).scaleb(-2)
    made, result = Decimal(0), both.result
    for name in ("quick", "slow"):
        booked = [e for e in both.of_type("PositionChanged") if e.strategy == name]
        assert len(booked) > 20
        made += sum(e.realized_profit - e.fee for e in booked) + booked[-1].quantity * last - booked[-1].cost
    assert Decimal(result.final_equity) - Decimal(result.opening_equity) == made != 0
    assert Decimal(result.fees) == sum(e.fee for e in both.of_type("OrderFilled"))
    assert result.fees_by_asset == {"USDT": result.fees}
    assert result.skipped + result.decisions == 2 * result.candles, "each answers for every candle"
    assert both.replayed(ended=both.head).first_divergence is None


def test_with_money_enough_each_does_what_it_does_alone(tmp_path, write):
    market = dataset(tmp_path, walk(1_500))
    both = run(tmp_path, [market], write(CROSSES))
    first, second = (f"[[strategies]]{part}" for part in CROSSES.split("[[strategies]]")[1:])
    for name, text in (("quick", first), ("slow", second)):
        alone = run(tmp_path, [market], write(text, name=f"{name}.toml"))
        assert done_by(both, name) == done_by(alone, name)
        assert len(done_by(alone, name)) > 20
    assert both.result.trades == sum(
        run(tmp_path, [market], tmp_path / f"{n}.toml").result.trades for n in ("quick", "slow")
    )


def done_by(ran, name):
    requests = {e.order: e for e in ran.of_type("OrderRequested") if e.strategy == name}
    fills = [e for e in ran.of_type("OrderFilled") if e.order in requests]
    return [(f.ts, requests[f.order].side, requests[f.order].purpose, f.price, f.quantity) for f in fills]


def test_the_first_spends_the_money_that_the_second_then_lacks(tmp_path, write):
    """Both want to buy at the third candle, in their order; there is money for one and a half."""
    one, two = (f'[[strategies]]{levels(name)}execution = {{ quantity = "1" }}\n' for name in ("first", "second"))
    market = dataset(tmp_path, market_of(40_000, 40_000, 40_200, 40_200, 39_000, 39_000))
    for text, names in ((one + two, ("first", "second")), (two + one, ("second", "first"))):
        ran = run(tmp_path, [market], write(text, cash="60000"))
        assert [e.strategy for e in ran.of_type("OrderRequested")] == [names[0]] * 2
        refused = ran.of_type("RiskRefused")
        assert {(e.strategy, e.reason) for e in refused} == {(names[1], "insufficient_cash")}
        assert [d.strategy.name for d in ran.definition.strategies] == list(names)


def test_limits_of_the_account_hold_for_both_together_and_a_strategys_own_for_itself(tmp_path, write):
    one = f'[[strategies]]{levels("first")}execution = {{ quantity = "1" }}\n'
    two = f'[[strategies]]{levels("second")}execution = {{ quantity = "1" }}\n'
    own = 'limits = { max_gross_exposure = "50000" }\n'
    shared = '[risk.limits]\nmax_gross_exposure = "50000"\n'
    market = dataset(tmp_path, market_of(40_000, 40_000, 40_200, 40_200))
    apart = run(tmp_path, [market], write(one + own + two + own))
    together = run(tmp_path, [market], write(one + two + shared))
    assert (apart.result.fills, apart.result.refusals) == (2, 0)
    assert (together.result.fills, together.result.refusals) == (1, 2)
    assert {(e.strategy, e.reason) for e in together.of_type("RiskRefused")} == {("second", "max_gross_exposure")}
    assert together.of_type("RiskRefused")[0].detail.endswith("(account)")


RULE = """
from kernel.models.prediction import FLAT, LONG
from kernel.models.rule import Rule
from wait import CANDLES

class Mine(Rule):
    def predict(self, values, market, position):
        return LONG if market.seen // CANDLES % 2 else FLAT
"""


def test_rules_of_two_strategies_are_kept_apart_even_under_one_name(tmp_path, write):
    """Two rules are the same file, which imports another number from its own folder."""
    text = ""
    for name, candles in (("early", 7), ("late", 31)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "mine.py").write_text(RULE)
        (folder / "wait.py").write_text(f"CANDLES = {candles}\n")
        text += f'[[strategies]]\nname = "{name}"\nexecution = {{ quantity = "1" }}\n'
        text += f'model = {{ kind = "python", source = "{name}/mine.py:Mine" }}\n'
    ran = run(tmp_path, [dataset(tmp_path, walk(300))], write(text))
    decided = {
        name: [e.candle for e in ran.of_type("DecisionMade") if e.strategy == name] for name in ("early", "late")
    }
    assert decided == {"early": list(range(7, 301, 7)), "late": list(range(31, 301, 31))}
    home = ran.path.parent
    assert [(rule_dir(home, k) / "wait.py").read_text() for k in (0, 1)] == ["CANDLES = 7\n", "CANDLES = 31\n"]
    assert ran.replayed(ended=ran.head).first_divergence is None
    hashes = {defined.model_hash for defined in ran.definition.strategies}
    assert len(hashes) == 2


def test_a_rule_is_kept_at_the_place_of_its_strategy(tmp_path, write):
    plain = f'[[strategies]]{levels("plain")}execution = {{ quantity = "1" }}\n'
    ruled = (ROOT / "examples" / "own_rule.toml").read_text().partition("[account]")[0]
    ruled = ruled.replace("[strategy]", "[[strategies]]").replace("[strategy.", "[strategies.")
    ruled = ruled.replace("[[strategy.", "[[strategies.")
    (tmp_path / "own_rule.py").write_bytes((ROOT / "examples" / "own_rule.py").read_bytes())
    ran = run(tmp_path, [dataset(tmp_path, walk(400))], write(plain + ruled))
    assert [rule_dir(ran.path.parent, place).exists() for place in (0, 1)] == [False, True]
    assert [defined.rule_code != "" for defined in ran.definition.strategies] == [False, True]


def test_names_are_not_shared_and_markets_are_those_of_the_run(tmp_path, write):
    market = dataset(tmp_path, walk(30))
    twice = f'[[strategies]]{levels()}execution = {{ quantity = "1" }}\n' * 2
    with pytest.raises(ConfigError, match="two share a name among levels, levels"):
        run(tmp_path, [market], write(twice))
    elsewhere = f'[strategy]{levels()}execution = {{ quantity = "1" }}\nsymbols = ["SOL/USDT"]\n'
    with pytest.raises(ConfigError, match="trades SOL/USDT, which is no market of this run"):
        run(tmp_path, [market], write(elsewhere))
