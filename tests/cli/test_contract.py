"""What other programs rely on: the keys and types of the JSON, one object on stdout, the exit codes."""

import re
import subprocess

import pytest
from programs import EXAMPLES, ROOT, answer, candled, imported, inside

BACKTEST = {
    "run": str, "log_head": str, "decisions_digest": str, "events": int, "candles": int, "skipped": int,
    "decisions": int, "orders": int, "fills": int, "trades": int, "fees": str, "final_equity": str, "wall_s": float,
    "candles_per_s": int,
}  # fmt: skip
FURTHER = {"skips": dict, "gate": dict, "stream": str, "refusals": int, "currency": str, "fees_by_asset": dict,
           "opening_equity": str}  # fmt: skip
HEX64 = re.compile("[0-9a-f]{64}")


def test_backtest(ran):
    assert [name for name in ran if name in BACKTEST] == list(BACKTEST)
    assert {name: type(value) for name, value in ran.items()} == BACKTEST | FURTHER
    for name in ("run", "log_head", "decisions_digest"):
        assert HEX64.fullmatch(ran[name])
    for amount in ("fees", "opening_equity", "final_equity"):
        assert re.fullmatch(r"-?\d+(\.\d*[1-9])?", ran[amount])
    assert ran["candles"] == 600 == ran["skipped"] + ran["decisions"]
    assert ran["trades"] == ran["fills"] // 2 > 5
    assert (ran["opening_equity"], ran["fees_by_asset"]) == ("100000000", {ran["currency"]: ran["fees"]})


def test_replay(home, ran):
    done = candled("replay", ran["run"][:8], "--verify", "--data-dir", home, "--json")
    assert done.returncode == 0
    assert answer(done) == {"run": ran["run"], "events": ran["events"], "equal": True, "first_divergence": None}


def test_explain(home, ran):
    def ask(at):
        return answer(candled("explain", ran["run"][:8], "--at", at, "--data-dir", home, "--json"))

    skipped = ask("2022-01-01T00:05Z")
    assert list(skipped) == [
        "seq", "strategy", "candle", "outcome", "reason", "standing", "steps", "reports", "forced", "orders",
    ]  # fmt: skip
    assert skipped["standing"] == {
        "position": "0", "direction": 0, "trading_state": "active", "live_orders": [], "equity": "100000000",
        "currency": "USDT",
    }  # fmt: skip
    assert (skipped["strategy"], skipped["reports"], skipped["forced"]) == ("ema_cross", [], [])
    assert (skipped["outcome"], skipped["reason"], skipped["orders"]) == ("skipped", "warming_up", [])
    assert [list(step) for step in skipped["steps"]] == [["step", "outcome", "reason", "values"]] * 6
    assert skipped["candle"]["opened_at"] == "2022-01-01T00:05:00Z"
    records = answer(inside("log", "show", ran["run"], "--type", "OrderRequested", "--data-dir", home, "--json"))
    decided = ask(records["records"][0]["time"].replace(":00Z", ":00+00:01"))  # the close is a minute after the open
    (order,) = decided["orders"]
    assert decided["outcome"] == "ordered"
    assert order["records"][0] | {"seq": 0} == records["records"][0]["payload"] | {"seq": 0}
    assert isinstance(order["records"][0]["quantity"], str)


def test_what_a_person_reads_holds_what_must_be_copied(home, ran):
    done = candled("backtest", "examples/ema_cross.toml", "--data-dir", home)
    for whole in (ran["run"], ran["log_head"], ran["decisions_digest"], ran["final_equity"]):
        assert whole in done.stdout
    commands = re.findall(r"^ *(\S+ (?:replay|log verify) .*)$", done.stdout, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:  # as they stand there, in a shell
        assert subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, check=False).returncode == 0
    explained = candled("explain", ran["run"][:8], "--at", "2022-01-01T06:00", "--data-dir", home).stdout
    assert "BTC/USDT 2022-01-01T06:00:00Z" in explained
    assert all(step in explained for step in ("CusumGate", "Enrichment", "Inference", "Execution"))


def test_notes_and_progress_stay_off_stdout(home):
    done = candled("backtest", "examples/ema_cross.toml", "--data-dir", home, "--json", "--set", "seed=1")
    assert "no trading rules for BTC/USDT" in " ".join(done.stderr.split())
    answer(done)


def test_the_data_directory_is_an_option_or_a_variable_and_the_option_wins(home, ran, tmp_path):
    def head(*words, **environment):
        done = candled("log", "head", ran["run"], "--json", *words, **environment)
        return answer(done)["seq"] if done.returncode == 0 else done.returncode

    assert head("--data-dir", home) == head(CANDLED_DATA_DIR=str(home)) == ran["events"]
    assert head("--data-dir", home, CANDLED_DATA_DIR=str(tmp_path)) == ran["events"]
    assert head(CANDLED_DATA_DIR=str(tmp_path)) == 2
    assert head(cwd=tmp_path) == 2
    assert list(tmp_path.iterdir()) == []  # to ask is not to make


def test_several_markets_need_a_symbol(tmp_path):
    ids = [imported(tmp_path, 120, "BTC/USDT"), imported(tmp_path, 120, "ETH/USDT", 2)]
    datasets = [word for dataset in ids for word in ("--dataset", dataset[:12])]
    both = answer(inside("backtest", "examples/ema_cross.toml", *datasets, "--data-dir", tmp_path, "--json"))
    question = ["explain", both["run"], "--at", "2022-01-01T01:00", "--data-dir", tmp_path, "--json"]
    done = inside(*question)
    assert (done.returncode, done.stdout) == (2, "")
    assert "add --symbol, one of: BTC/USDT, ETH/USDT" in done.stderr
    assert answer(inside(*question, "--symbol", "ETH/USDT"))["candle"]["symbol"] == "ETH/USDT"
    assert "the run has no symbol SOL/USDT" in inside(*question, "--symbol", "SOL/USDT").stderr


TWO = """
[[strategies]]
name = "quick"
features = [{ name = "fast", kind = "ema", period = 3 }, { name = "slow", kind = "ema", period = 8 }]
model = { kind = "cross", fast = "fast", slow = "slow" }
execution = { quantity = "1" }
[[strategies]]
name = "slow"
symbols = ["ETH/USDT"]
features = [{ name = "score", kind = "zscore", period = 20 }]
model = { kind = "mean_reversion", score = "score", entry = 0.5 }
execution = { quantity = "1" }
[account]
cash = "1000000"
"""


def test_several_strategies_need_a_name_and_one_that_trades_one_market_no_symbol(tmp_path):
    ids = [imported(tmp_path, 120, "BTC/USDT"), imported(tmp_path, 120, "ETH/USDT", 2)]
    (tmp_path / "two.toml").write_text(TWO)
    datasets = [word for dataset in ids for word in ("--dataset", dataset[:12])]
    both = answer(inside("backtest", tmp_path / "two.toml", *datasets, "--data-dir", tmp_path, "--json"))
    question = ["explain", both["run"], "--at", "2022-01-01T01:00", "--data-dir", tmp_path, "--json"]
    done = inside(*question)
    assert (done.returncode, done.stdout) == (2, "")
    assert "add --strategy, one of: quick, slow" in done.stderr
    assert "the run has no strategy other" in inside(*question, "--strategy", "other").stderr
    slow = answer(inside(*question, "--strategy", "slow"))
    assert (slow["strategy"], slow["candle"]["symbol"]) == ("slow", "ETH/USDT")
    assert "add --symbol, one of: BTC/USDT, ETH/USDT" in inside(*question, "--strategy", "quick").stderr
    quick = answer(inside(*question, "--strategy", "quick", "--symbol", "BTC/USDT"))
    assert (quick["strategy"], quick["candle"]["symbol"]) == ("quick", "BTC/USDT")
    shown = inside(*question[:-1], "--strategy", "slow", COLUMNS="200").stdout
    assert "before it: slow held " in shown
    table = inside("backtest", tmp_path / "two.toml", *datasets, "--data-dir", tmp_path).stdout
    assert "quick + slow on binance BTC/USDT 1m, binance ETH/USDT 1m" in table


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["bactest"], 2, 'Did you mean "backtest"?'),
        (["backtest", "examples/ema_cross.toml", "--datset", "x"], 2, "Did you mean --dataset?"),
        (["replay"], 2, "RUN"),
        (["explain", "RUN"], 2, "--at"),
        (["backtest", "examples/ema_cross.toml", "--store", "tape"], 2, "file"),
        (["backtest", "examples/none.toml"], 2, "cannot be read: No such file"),
        (["backtest", "[/x]none.toml"], 2, "[/x]none.toml cannot be read"),
        (["backtest", "examples/ema_cross.toml", "--dataset", "abcdef"], 2, "no dataset abcdef"),
        (["backtest", "examples/ema_cross.toml", "--dataset", "abc"], 2, "at least 6"),
        (["backtest", "examples/ema_cross.toml", "--from", "yesterday"], 2, "'yesterday' is not a time"),
        (["backtest", "examples/ema_cross.toml", "--from", "2023-01-01"], 2, "no candle opens between"),
        (["backtest", "examples/ema_cross.toml", "--set", "venue.fil=x"], 2, "did you mean 'fill'?"),
        (["backtest", "examples/ema_cross.toml", "--set", "markets=[]"], 2, "add [[markets]], or --dataset"),
        (["backtest", "examples/ema_cross.toml", "--set", "account.leverage=2"], 2, 'add kind = "margin"'),
        (["backtest", "examples/ema_cross.toml", "--set", "account.currency=EUR"], 2, "what BTC is worth in EUR"),
        (["backtest", "examples/ema_cross.toml", "--set", "strategy.symbols=['X/Y']"], 2, "trades X/Y, which is no"),
        (["backtest", "examples/ema_cross.toml", "--detail", "abcdef"], 2, "no dataset abcdef"),
        (["backtest", "examples/ema_cross.toml", "--instruments", "none.toml"], 2, "none.toml cannot be read"),
        (["replay", "abcdef12"], 2, "there is no run 'abcdef12'"),
        (["replay", "RUN/7"], 2, "has no execution '7'"),
        (["explain", "RUN", "--at", "noon"], 2, "'noon' is not a time"),
        (["explain", "RUN", "--at", "2021-12-31"], 2, "it begins at 2022-01-01T00:00:00Z"),
    ],
)
def test_a_mistake_has_exit_code_2_and_says_what_to_do(home, ran, words, code, says):
    words = [word.replace("RUN", ran["run"][:10]) for word in words]
    done = inside(*words, "--data-dir", home, "--json", COLUMNS="200")
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr


def test_a_run_that_is_not_there_is_answered_with_those_that_are(home, ran):
    wrong = ran["run"][:11] + ("0" if ran["run"][11] != "0" else "1")
    assert ran["run"][:12] in inside("replay", wrong, "--data-dir", home).stderr


def test_an_altered_definition_is_a_failed_check(tmp_path):
    imported(tmp_path, 60)
    run = answer(inside("backtest", "examples/ema_cross.toml", "--data-dir", tmp_path, "--json"))["run"]
    definition = tmp_path / "runs" / run / "definition.json"
    definition.write_text(definition.read_text().replace('"seed": 0', '"seed": 1'))
    for words in (["replay", run, "--verify"], ["explain", run, "--at", "2022-01-01T00:30"]):
        done = candled(*words, "--data-dir", tmp_path, "--json")
        assert (done.returncode, done.stdout) == (1, "")
        assert "was altered" in done.stderr


def test_a_users_rule_that_fails_is_the_users_fault(tmp_path):
    imported(tmp_path, 60)
    (tmp_path / "mine.py").write_text(
        "from kernel.models.rule import Rule\n"
        "class Mine(Rule):\n    def predict(self, values, market, position): return 1 / 0\n"
    )
    words = ["--set", "strategy.model={kind='python', source='mine.py:Mine'}", "--data-dir", tmp_path]
    strategy = tmp_path / "mine.toml"
    strategy.write_text((EXAMPLES / "own_rule.toml").read_text().replace("period = 240", "period = 10"))
    done = candled("backtest", strategy, *words)
    assert done.returncode == 2
    assert "mine.py:Mine, on the candle of BTC/USDT that opens at 2022-01-01T00:00:00Z, raised ZeroDiv" in done.stderr
    (run,) = (path.name for path in (tmp_path / "runs").iterdir())
    assert inside("log", "verify", run, "--data-dir", tmp_path).returncode == 0
