"""A user's own rule: what runs is what was kept, and its faults are told as the rule's own."""

import shutil

import pytest
from made import OWN_RULE, dataset, prepared, records, run, walk

from kernel.errors import CheckFailed, ConfigError, RuleFailed
from service.runs import resolve, rule_dir

HEAD = """
from kernel.models.prediction import FLAT, LONG, Prediction
from kernel.models.rule import Rule

class Mine(Rule):
    def __init__(self, dip=1):
        self.calls = 0

    def predict(self, values, market, position):
        self.calls += 1
"""


@pytest.fixture
def market(tmp_path):
    return dataset(tmp_path, walk(400))


@pytest.fixture
def strategy(tmp_path):
    """Writes a strategy and its rule; gives the strategy's file."""
    folder = tmp_path / "mine"
    folder.mkdir()

    def write(body: str, **modules: str):
        text = OWN_RULE.read_text().replace("own_rule.py:BuyTheDip", "mine.py:Mine")
        text = text.replace("{ dip = 2.5, patience = 180 }", "{ dip = 2.5 }").replace("period = 240", "period = 20")
        (folder / "mine.toml").write_text(text)
        (folder / "mine.py").write_text(body)
        for name, content in modules.items():
            (folder / f"{name}.py").write_text(content)
        return folder / "mine.toml"

    return write


TRADES = f"{HEAD}        return LONG if self.calls // 10 % 2 else FLAT\n"


def test_a_rule_and_what_it_imports_run_from_what_was_kept(tmp_path, market, strategy):
    body = f"from limits import EVERY\n{HEAD}        return LONG if self.calls // EVERY % 2 else FLAT\n"
    file = strategy(body, limits="EVERY = 10\n")
    first = run(tmp_path, [market], file)
    assert first.result.fills > 10
    (file.parent / "limits.py").write_text("EVERY = 7\n")
    assert first.replayed().first_divergence is None
    second = run(tmp_path, [market], file)
    assert second.result.run != first.result.run
    assert second.result.fills != first.result.fills
    shutil.rmtree(file.parent)
    assert first.replayed().first_divergence is None


def test_a_rules_modules_are_not_left_behind_for_the_next_rule(tmp_path, market, strategy):
    import sys

    before = set(sys.modules), list(sys.path)
    run(tmp_path, [market], strategy(f"import limits\n{TRADES}", limits="A = 1\n"))
    assert (set(sys.modules) - before[0]) & {"limits", "mine"} == set()
    assert sys.path == before[1]


def test_a_kept_rule_that_was_altered_is_refused(tmp_path, market, strategy):
    ran = run(tmp_path, [market], strategy(TRADES))
    kept = rule_dir(ran.path.parent, 0) / "mine.py"
    kept.write_text(TRADES.replace("10", "11"))
    with pytest.raises(CheckFailed, match="rules/1 was altered"):
        ran.replayed()
    run(tmp_path, [market], strategy(TRADES))  # running again keeps the true one again
    assert ran.replayed().first_divergence is None


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("source=mine.py:Other", "mine.py has no class Other"),
        ("source=mine.py:Prediction", "no class Prediction that is a kernel.models.rule.Rule"),
        ("source=mine.py:HEAD", "has no class HEAD"),
        ("source=mine.py", "does not name a class"),
        ("source=mine.txt:Mine", "does not name a class"),
        ("source=none.py:Mine", r"none\.py cannot be read: No such file"),
        ("parameters.depth=1", "parameters do not fit Mine: .*'depth'"),
    ],
)
def test_a_rule_that_is_not_there_or_does_not_fit(tmp_path, market, strategy, override, says):
    with pytest.raises(ConfigError, match=says):
        prepared(tmp_path, [market], strategy(f"{TRADES}\nHEAD = 1\n"), f"strategy.model.{override}")


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        ("class Mine(:\n", ConfigError, r"mine\.py is not Python: .*line 1"),
        ("import limits\n", ConfigError, r"limits\.py is not Python"),
        ("import nowhere_to_be_found\n", RuleFailed, "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("raise KeyError('x')\n", RuleFailed, r"mine\.py cannot be imported: KeyError"),
        (TRADES.replace("self.calls = 0", "self.calls = 1 / 0"), RuleFailed, "cannot be made: ZeroDivisionError"),
        (TRADES.replace("def predict", "def foretell"), ConfigError, "abstract"),
        (
            TRADES.replace("def __init__", "inputs = ('scroe',)\n    def __init__"),
            ConfigError,
            "reads a feature 'scroe'",
        ),
    ],
)
def test_a_rule_that_cannot_be_loaded(tmp_path, market, strategy, body, error, says):
    with pytest.raises(error, match=says):
        prepared(tmp_path, [market], strategy(body, limits="EVERY =\n"))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("1 / 0", "raised ZeroDivisionError: division by zero"),
        ("values[7]", "raised IndexError: list index out of range"),
        ("'buy'", "gave 'buy'"),
        ("True", "gave True"),
        ("Prediction(2, 1.0)", "gave Prediction"),
        ("Prediction(1, float('nan'))", "gave Prediction"),
    ],
)
def test_a_rule_that_fails_at_a_candle_is_blamed_by_name_and_what_was_done_before_is_kept(
    tmp_path, market, strategy, wrong, says
):
    file = strategy(TRADES.replace("        return", f"        if self.calls == 200: return {wrong}\n        return"))
    with pytest.raises(RuleFailed, match=says) as raised:
        run(tmp_path, [market], file)
    # it reads no feature: the first call is on the first candle
    assert "the rule mine.py:Mine, on the candle of BTC/USDT that opens at 2022-01-01T03:19:00Z" in str(raised.value)
    assert raised.value.exit_code == 2
    execution = resolve(tmp_path, next(iter((tmp_path / "runs").iterdir())).name)
    assert execution.outcome() is None
    log = records(tmp_path, execution.stream)
    assert [record.type for record in log].count("OrderFilled") == 19
    assert log[-1].ts <= 1_640_995_200_000_000_000 + 220 * 60_000_000_000


def test_the_log_of_a_run_that_its_rule_ended_replays_to_its_end(tmp_path, market, strategy):
    good = run(tmp_path, [market], strategy(TRADES))
    file = strategy(TRADES.replace("        return", "        1 / (self.calls - 200)\n        return"))
    with pytest.raises(RuleFailed):
        run(tmp_path, [market], file)
    failed = next(path.name for path in (tmp_path / "runs").iterdir() if path.name != good.result.run)
    log = records(tmp_path, f"{failed}/1")
    # Another rule, hence another opening and another model; what it did is the same, and stands there whole.
    assert [(r.seq, r.type, r.ts) for r in log] == [(r.seq, r.type, r.ts) for r in good.records[: len(log)]]
