"""The run id: the hash of all that can change a decision, and of nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from made import EMA_CROSS, OWN_RULE, ROOT, dataset, prepared, walk

from kernel.errors import CheckFailed, ConfigError, UsageError
from service.definition import read_definition, run_id
from service.runs import runs_dir
from venues.dataset import open_dataset

MARKET = walk(60)
ROOMS = ("kernel", "venues", "service", "research")


@pytest.fixture
def market(tmp_path):
    return dataset(tmp_path, MARKET)


@pytest.fixture
def rule(tmp_path):
    """The example of an own rule, moved, its numbers in a module beside it."""
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copy(OWN_RULE, folder)
    source = OWN_RULE.with_suffix(".py").read_text()
    (folder / "own_rule.py").write_text(source.replace("import msgspec\n", "import msgspec\nimport numbers_of_mine\n"))
    (folder / "numbers_of_mine.py").write_text("LIMIT = 3\n")
    (folder / "unrelated.py").write_text("LIMIT = 3\n")
    return folder


def id_of(data_dir, datasets, strategy=EMA_CROSS, *overrides, **window) -> str:
    return run_id(prepared(data_dir, datasets, strategy, *overrides, **window).definition)


def test_the_id_is_what_sha256sum_says_of_the_file(tmp_path, market):
    run = id_of(tmp_path, [market])
    file = runs_dir(tmp_path) / run / "definition.json"
    said = subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout
    assert said.split()[0] == run
    assert run_id(read_definition(file, run)) == run


@pytest.mark.parametrize(
    "override",
    [
        "venue.fill=next_open",
        "venue.fee_rate=0.002",
        "venue.slippage_rate=0.0001",
        "account.cash=1000000",
        "seed=1",
        "strategy.name=other",
        "strategy.features.0.period=13",
        "strategy.features.0.inputs=['open']",
        "strategy.execution.quantity=0.5",
        "strategy.gate={}",
        "strategy.filters=[{kind='cooldown', candles=1}]",
        "strategy.model={kind='cross', fast='slow', slow='fast'}",
        "strategy.execution.entry={kind='limit', offset='0.001'}",
        "strategy.execution={sizing={kind='fixed_fraction', fraction='0.5'}}",
        "strategy.exits.stop_loss=0.01",
        "strategy.limits.max_open_orders=3",
        "strategy.symbols=['BTC/USDT']",
        "account.balances.BTC=1",
        "account={cash='100', kind='margin', leverage=2}",
        "risk.limits.max_leverage=1",
        "risk.protections=[{kind='drawdown', limit='0.1'}]",
        "venue.path=best",
        "venue.fee_asset=received",
        "venue.latency_ms=5",
    ],
)
def test_every_setting_that_can_change_a_decision_is_in_it(tmp_path, market, override):
    assert id_of(tmp_path, [market], EMA_CROSS, override) != id_of(tmp_path, [market])


def test_the_candles_the_window_and_the_trading_rules_are_in_it(tmp_path, market):
    other = [*MARKET[:-1], MARKET[-1]._replace(volume=MARKET[-1].volume + 1)]
    ids = {
        id_of(tmp_path, [market]),
        id_of(tmp_path, [dataset(tmp_path, other)]),
        id_of(tmp_path, [market], first="2022-01-01T00:10"),
        id_of(tmp_path, [market], before="2022-01-01T00:10"),
    }
    (tmp_path / "instruments.toml").write_text('[binance."BTC/USDT"]\ntick = "0.01"\nlot = "0.1"\n')
    ids.add(id_of(tmp_path, [market]))
    assert len(ids) == 5


def test_where_and_how_it_runs_is_not_in_it(tmp_path, market):
    elsewhere = tmp_path / "else" / "where"
    moved = dataset(elsewhere, MARKET)
    other_place = ["database.url=postgresql://somewhere/x", "markets=[]"]
    assert id_of(elsewhere, [moved], EMA_CROSS, *other_place) == id_of(tmp_path, [market])


def test_the_order_in_which_datasets_are_named_does_not_matter(tmp_path, market):
    ether = dataset(tmp_path, walk(60, 2), "ETH/USDT")
    assert id_of(tmp_path, [ether, market]) == id_of(tmp_path, [market, ether]) != id_of(tmp_path, [market])


def test_a_rule_is_known_by_its_source_and_by_every_module_that_it_imports(tmp_path, market, rule):
    strategy = rule / "own_rule.toml"
    before = id_of(tmp_path, [market], strategy)
    (rule / "unrelated.py").write_text("LIMIT = 4\n")
    assert id_of(tmp_path, [market], strategy) == before
    moved = shutil.copytree(rule, tmp_path / "moved")
    assert id_of(tmp_path, [market], moved / "own_rule.toml") == before
    shutil.copytree(rule, moved / "below")
    below = "strategy.model.source=below/own_rule.py:BuyTheDip"
    assert id_of(tmp_path, [market], moved / "own_rule.toml", below) == before
    (rule / "numbers_of_mine.py").write_text("LIMIT = 4\n")
    imported = id_of(tmp_path, [market], strategy)
    with (rule / "own_rule.py").open("a") as file:
        file.write("# a word more\n")
    edited = id_of(tmp_path, [market], strategy)
    patience = id_of(tmp_path, [market], strategy, "strategy.model.parameters.patience=9")
    assert len({before, imported, edited, patience}) == 4


def test_a_changed_line_of_kernel_or_venues_is_another_run_and_one_of_the_service_is_not(tmp_path, market):
    house = tmp_path / "house"
    for room in ROOMS:
        shutil.copytree(ROOT / room, house / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(
        ROOT / "tests" / "service", house / "tests" / "service", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / "examples", house / "examples")

    def id_there() -> str:
        script = (
            "import sys; sys.path.insert(0, 'tests/service'); import test_definition as t; t.print_id(*sys.argv[1:])"
        )
        command = [sys.executable, "-c", script, tmp_path, market.manifest.dataset]
        return subprocess.run(command, cwd=house, capture_output=True, text=True, check=True).stdout.strip()

    ours = id_of(tmp_path, [market])
    assert id_there() == ours
    ids = [ours]
    for file in ("service/session.py", "kernel/portfolio.py", "venues/fills.py"):
        with (house / file).open("a") as source:
            source.write("# one line more\n")
        ids.append(id_there())
    assert ids[1] == ids[0]
    assert len(set(ids)) == 3


def print_id(data_dir: str, market: str) -> None:
    print(id_of(Path(data_dir), [open_dataset(Path(data_dir), market)]))


def test_an_altered_definition_is_refused(tmp_path, market):
    run = id_of(tmp_path, [market])
    file = runs_dir(tmp_path) / run / "definition.json"
    whole = file.read_bytes()
    for altered in (whole.replace(b'"100000000"', b'"200000000"'), whole[:-1], whole + b" ", b""):
        file.write_bytes(altered)
        with pytest.raises(CheckFailed, match="was altered"):
            read_definition(file, run)
    file.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        read_definition(file, run)


def test_markets_that_one_account_cannot_hold_are_refused(tmp_path, market):
    euro = dataset(tmp_path, walk(30), "BTC/EUR")
    with pytest.raises(ConfigError, match="quoted in EUR, USDT: which one does the account count in") as raised:
        prepared(tmp_path, [market, euro])
    assert raised.value.fix == 'add currency = "EUR" to [account]'
    hours = dataset(tmp_path, walk(30, timeframe="1h"), timeframe="1h")
    with pytest.raises(ConfigError, match="a symbol stands twice among BTC/USDT, BTC/USDT"):
        prepared(tmp_path, [market, hours])


def accounted(tmp_path, *overrides, symbols=("BTC/USDT",)):
    """The account of a run in these markets."""
    markets = [dataset(tmp_path, walk(30, place), symbol) for place, symbol in enumerate(symbols)]
    return prepared(tmp_path, markets, EMA_CROSS, *overrides).definition.account


def test_the_account_counts_in_the_quote_asset_and_marks_every_asset_by_a_market(tmp_path):
    plain = accounted(tmp_path, "account.cash=7")
    assert (plain.currency, plain.balances, plain.marks) == ("USDT", {"USDT": 7}, {"BTC": "BTC/USDT"})
    both = accounted(tmp_path, "account.currency=USDT", symbols=("BTC/USDT", "ETH/BTC", "ETH/USDT"))
    assert both.marks == {"BTC": "BTC/USDT", "ETH": "ETH/USDT"}
    named = accounted(
        tmp_path, "account.balances={BNB=3}", 'account.marks={BNB="BNBX/USDT"}', symbols=("BTC/USDT", "BNBX/USDT")
    )
    assert list(named.balances.items()) == [("BNB", 3), ("USDT", 100_000_000)]
    assert named.marks == {"BNB": "BNBX/USDT", "BNBX": "BNBX/USDT", "BTC": "BTC/USDT"}
    paid = accounted(tmp_path, "venue.fee_asset=BNB", symbols=("BTC/USDT", "BNB/USDT"))
    assert paid.marks["BNB"] == "BNB/USDT"


@pytest.mark.parametrize(
    ("overrides", "symbols", "says"),
    [
        (["account.balances.BNB=3"], ["BTC/USDT"], "what BNB is worth in USDT: BNB/USDT is no market of this run"),
        (["venue.fee_asset=BNB"], ["BTC/USDT"], "what BNB is worth in USDT"),
        (["account.currency=EUR"], ["BTC/USDT"], "what BTC is worth in EUR"),
        (["account.currency=USDT"], ["BTC/USDT", "ETH/BTC"], "what ETH is worth in USDT"),
        (['account.marks={BTC="SOL/USDT"}'], ["BTC/USDT"], "SOL/USDT is no market of this run"),
        (["account.currency=BTC", 'account.marks={USDT="BTC/USDT"}'], ["BTC/USDT"], "what USDT is worth in BTC"),
        (["account.balances.USDT=5"], ["BTC/USDT"], r"balances\.USDT: the account counts in USDT"),
    ],
)
def test_what_has_no_worth_in_the_accounts_currency_is_refused(tmp_path, overrides, symbols, says):
    with pytest.raises(ConfigError, match=says) as raised:
        accounted(tmp_path, *overrides, symbols=symbols)
    assert raised.value.fix


def test_the_order_of_the_strategies_is_in_it(tmp_path, market):
    text = EMA_CROSS.read_text().partition("[account]")
    one, two = (
        text[0].replace("seed = 0", "").replace("[strategy]", "[[strategies]]").replace("[strategy.", "[strategies.")
        .replace("[[strategy.", "[[strategies.").replace('"ema_cross"', f'"{name}"') for name in ("one", "two")
    )  # fmt: skip
    ids = []
    for strategies in (one + two, two + one, one):
        (tmp_path / "mine.toml").write_text(strategies + "".join(text[1:]))
        ids.append(id_of(tmp_path, [market], tmp_path / "mine.toml"))
    assert len(set(ids)) == 3


def test_details_are_in_it(tmp_path):
    hours, other = dataset(tmp_path, walk(3, timeframe="1h"), timeframe="1h"), dataset(tmp_path, walk(60, 2))
    ids = [run_id(prepared(tmp_path, [hours], details=details).definition) for details in ([], [other])]
    assert len(set(ids)) == 2


def test_every_field_is_written_so_that_a_default_that_changes_cannot_change_a_run(tmp_path, market):
    definition = prepared(tmp_path, [market]).definition
    written = msgspec.json.decode((runs_dir(tmp_path) / run_id(definition) / "definition.json").read_bytes())

    def check(value, text):
        if isinstance(value, msgspec.Struct):
            assert set(value.__struct_fields__) <= set(text)
            for name in value.__struct_fields__:
                check(getattr(value, name), text[name])
        elif isinstance(value, tuple):
            for item, item_text in zip(value, text, strict=True):
                check(item, item_text)

    check(definition, written)
