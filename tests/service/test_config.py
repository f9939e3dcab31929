"""A configuration is decoded strictly, from three sources, and every complaint names its key."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import EMA_CROSS, MEAN_REVERSION

from kernel.errors import ConfigError
from service.config import load_config


@pytest.fixture
def file(tmp_path):
    """Writes a strategy file made of an example's text."""

    def write(old: str = "", new: str = "", *, like: Path = EMA_CROSS) -> Path:
        text = like.read_text()
        assert old in text
        path = tmp_path / "mine.toml"
        path.write_text(text.replace(old, new, 1) if old else text + new)
        return path

    return write


@pytest.mark.parametrize(
    ("override", "says", "hint"),
    [
        ("venue.fil=next_open", "unknown key venue.fil", "did you mean 'fill'?"),
        ("strategy.modle.kind=cross", "unknown key strategy.modle", "'model'"),
        ("strategy.features.0.perod=3", "feature score: zscore has no parameter 'perod'", "'period'"),
        ("strategy.features.0.input=open", "unknown key strategy.features.0.input", "'inputs'"),
        ("strategy.filters.1.candels=3", "unknown key strategy.filters.1.candels", "'candles'"),
        ("stratgy.name=x", "unknown key stratgy", "'strategy'"),
        ("venue.fill=open", "venue.fill: invalid", "'next_open'"),
        ("strategy.model.kind=mean", "strategy.model.kind: invalid", "'mean_reversion'"),
        ("strategy.features.0.kind=emma", "there is no indicator kind 'emma'", "'ema'"),
        ("strategy.filters.0.kind=cool", "strategy.filters.0.kind: invalid", "'cooldown'"),
        ("strategy.execution={}", "strategy.execution needs a size: quantity, or sizing", 'write quantity = "1"'),
        ("strategy.execution.sizing={kind='fixed_notional', notional=1}", "and not both", "sizing ="),
        ("strategy.execution={sizing={kind='kelly'}}", "strategy.execution.sizing.kind: invalid", "'capped_kelly'"),
        ("strategy.execution={sizing={kind='fixed_fraction', fraction=0}}", "sizing.fraction = 0 must be more", ""),
        ("strategy.execution={sizing={kind='capped_kelly', payoff=-1}}", "sizing.payoff = -1 must be more", ""),
        ("strategy.execution.entry={kind='stop_mkt'}", "strategy.execution.entry.kind: invalid", "'stop_market'"),
        ("strategy.execution.entry={offset=1}", "strategy.execution.entry: offsets are shares", "0.001"),
        ("strategy.execution.entry={time_in_force='gtd'}", "gtd and minutes belong together", "minutes = 30"),
        ("strategy.execution.entry={minutes=3}", "gtd and minutes belong together", "minutes = 30"),
        ("strategy.execution.entry={post_only=true}", "post_only is for limit orders that may rest", ""),
        (
            "strategy.execution.entry={kind='limit', time_in_force='ioc', post_only=true}",
            "post_only is for limit orders that may rest",
            "",
        ),
        ("strategy.exits.stop_los=0.1", "unknown key strategy.exits.stop_los", "'stop_loss'"),
        ("strategy.exits.stop_loss=0", "strategy.exits.stop_loss = 0 must be more than 0", ""),
        ("strategy.exits.stop_loss=1", "strategy.exits.stop_loss = 1 is not a share of the price", "0.02"),
        ("strategy.exits.trailing_stop=2", "strategy.exits.trailing_stop = 2 is not a share", "0.02"),
        ("strategy.exits={trailing_stop=0.1, trailing_amount=5}", "are two ways to say one thing", ""),
        ("strategy.exits={stop_limit=0.01}", "strategy.exits.stop_limit is about a stop", "add stop_loss"),
        ("strategy.exits={break_even=0.01}", "strategy.exits.break_even is about a stop", "add stop_loss"),
        ("strategy.exits.minutes=-1", "strategy.exits.minutes: expected `int` >= 0", ""),
        ("strategy.limits.max_leverge=1", "unknown key strategy.limits.max_leverge", "'max_leverage'"),
        ("strategy.limits.max_leverage=-1", "max_leverage is -1", ""),
        ("strategy.model={kind='rotation', score='score'}", "several markets at once has no gate", ""),
        ("account.kind=margni", "account.kind: invalid", "'margin'"),
        ("account.leverage=2", "account.leverage: a cash account owes nothing", 'kind = "margin"'),
        ("account.leverage=0", "account.leverage = 0 must be more than 0", ""),
        ("account.balances.BNB=-1", "account.balances.BNB = -1 is below 0", ""),
        ("risk.protections=[{kind='drawdwn', limit=0.1}]", "risk.protections.0.kind: invalid", "'drawdown'"),
        ("risk.protections=[{kind='drawdown', limit=2}]", "limit is 2, and must be a share", ""),
        ("risk.protections=[{kind='drawdown'}]", "missing key risk.protections.0.limit", "add limit"),
        ("venue.path=wrst", "venue.path: invalid", "'worst'"),
        ("venue.volume_share=0", "venue.volume_share = 0 would fill nothing", ""),
        ("venue.volume_share=1.5", "venue.volume_share = 1.5 is not a rate", ""),
        ("venue.latency_ms=-1", "venue.latency_ms = -1 is below 0", ""),
        ("venue.latency_jitter_ms=-1", "venue.latency_jitter_ms = -1 is below 0", ""),
        ("strategy.model={kind='python'}", "missing key strategy.model.source", "add source"),
        ("strategy.features.0.period=0", "feature score: period of zscore = 0 is out of range", "2 to 100000"),
        ("strategy.filters.0.at_least=1.5", "strategy.filters.0.at_least: expected `float` <= 1.0", ""),
        ("seed=1.5", "seed: expected `int`, got", ""),
        ("account.cash=many", "account.cash: invalid decimal string", ""),
        ("strategy.filters.7.candles=1", "strategy.filters.7.candles: 7 is no place in a list of 2", "use 0 to 1"),
        ("account.cash.usd=1", "account.cash.usd: cash is a value, not a table", ""),
        ("venue.fill", "there is no '='", "--set venue.fill=next_open"),
        ("venue.fee_rate=1", "venue.fee_rate = 1 is not a rate", "0.001"),
        ("venue.slippage_rate=-0.1", "venue.slippage_rate = -0.1 is not a rate", ""),
        ("account.cash=0", "account.cash = 0 must be more than 0", ""),
        ("strategy.execution.quantity=-1", "strategy.execution.quantity = -1 must be more than 0", ""),
        ("account.cash=1e20", "account.cash has more digits than any market", "at most 20"),
        ("account.cash=1e-19", "account.cash has more digits than any market", "at most 20"),
        ("account.cash=1e999999999", "account.cash has more digits than any market", "at most 20"),
    ],
)
def test_a_mistake_is_answered_with_its_key_and_the_nearest_known_one(override, says, hint):
    with pytest.raises(ConfigError) as raised:
        load_config(MEAN_REVERSION, overrides=[override])
    assert says in str(raised.value)
    assert hint in raised.value.fix


@pytest.mark.parametrize(
    "override",
    ["venue.volume_share=1", "venue.limit_touch_probability=1", "strategy.exits={unit='score', stop_loss=4}"],
)
def test_what_looks_like_a_mistake_and_is_none(override):
    assert load_config(MEAN_REVERSION, overrides=[override])


def test_there_is_one_strategy_or_several(tmp_path):
    text = EMA_CROSS.read_text()
    assert [s.name for s in load_config(EMA_CROSS).every_strategy] == ["ema_cross"]
    head, _, tail = text.partition("[strategy]")
    body, _, rest = tail.partition("[account]")
    listed = body.replace("[strategy.", "[strategies.").replace("[[strategy.", "[[strategies.")
    second = listed.replace('name = "ema_cross"', 'name = "second"')
    path = tmp_path / "mine.toml"

    def load(*tables):
        path.write_text(head + "".join(tables) + "[account]" + rest)
        return load_config(path, overrides=["strategies.0.features.0.period=5"] if "[[strategies]]" in tables else [])

    several = load("[[strategies]]", listed, "[[strategies]]", second)
    assert [s.name for s in several.every_strategy] == ["ema_cross", "second"]
    assert [s.features[0].params["period"] for s in several.every_strategy] == [5, 12]
    for tables in ((), ("[strategy]", body, "[[strategies]]", second)):
        with pytest.raises(ConfigError, match=r"one \[strategy\], or \[\[strategies\]\]"):
            load(*tables)
    with pytest.raises(ConfigError, match="two share a name among ema_cross, ema_cross"):
        load("[[strategies]]", listed, "[[strategies]]", listed)
    with pytest.raises(ConfigError, match=r"unknown key strategies\.1\.nam"):
        load("[[strategies]]", listed, "[[strategies]]", second.replace("name =", "nam =", 1))


def test_two_features_of_one_name_are_refused():
    with pytest.raises(ConfigError, match=r"strategy\.features: two features share a name among fast, fast"):
        load_config(EMA_CROSS, overrides=["strategy.features.1.name=fast"])


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "+nan", '"NaN"', '"sNaN"', '"Infinity"'])
@pytest.mark.parametrize(
    "key",
    [
        "account.cash",
        "venue.fee_rate",
        "strategy.gate.threshold",
        "strategy.model.entry",
        "strategy.filters.0.at_least",
    ],
)
def test_what_is_not_a_finite_number_is_refused(key, number):
    with pytest.raises(ConfigError, match=key):
        load_config(MEAN_REVERSION, overrides=[f"{key}={number}"])


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_a_rules_parameters_are_finite_too(number):
    model = f'strategy.model={{kind="python", source="a.py:A", parameters={{dip={number}}}}}'
    with pytest.raises(ConfigError, match=r"strategy\.model\.parameters\.dip = "):
        load_config(EMA_CROSS, overrides=[model])


def test_a_missing_key_and_a_broken_file_are_named(file, tmp_path):
    with pytest.raises(ConfigError, match=r"mine\.toml: missing key account\.cash"):
        load_config(file('cash = "100000000"', ""))
    with pytest.raises(ConfigError, match=r"mine\.toml is not TOML: .*line"):
        load_config(file("[account]", "[account"))
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    with pytest.raises(ConfigError, match="is not TOML"):
        load_config(tmp_path / "latin.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path)
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read: No such file"):
        load_config(tmp_path / "none.toml")


def test_what_overrides_what(file):
    path = file('fill = "same_close"', 'fill = "next_open"')
    assert load_config(path).venue.fill == "next_open"
    environ = {"CANDLED_VENUE__FILL": "same_close", "CANDLED_DATA_DIR": "/elsewhere", "OTHER__THING": "1"}
    assert load_config(path, environ=environ).venue.fill == "same_close"
    assert load_config(path, overrides=["venue.fill=next_open"], environ=environ).venue.fill == "next_open"
    last_wins = load_config(path, overrides=["seed=1", "seed=2"])
    assert last_wins.seed == 2


def test_a_place_in_a_list_can_be_set():
    config = load_config(EMA_CROSS, overrides=["strategy.features.1.period=50", "markets.0.symbol=ETH/USDT"])
    assert [feature.params["period"] for feature in config.strategy.features] == [12, 50]
    assert config.markets[0].symbol == "ETH/USDT"
    assert load_config(EMA_CROSS, environ={"CANDLED_FEATURES__OFF": "volume"}) == load_config(EMA_CROSS)
    shorter = load_config(EMA_CROSS, environ={"CANDLED_STRATEGY__FEATURES__0__PERIOD": "5"})
    assert shorter.strategy.features[0].params["period"] == 5


def test_a_mistake_in_the_environment_names_the_variable_and_never_its_value():
    secret = "postgresql://me:hunter2@db/x"
    for name, key in (("CANDLED_DATABASE__URI", "database.uri"), ("CANDLED_DATABAS__URL", "databas")):
        with pytest.raises(ConfigError) as raised:
            load_config(EMA_CROSS, environ={name: secret})
        assert str(raised.value) == f"{name}: unknown key {key}"
        assert "hunter2" not in raised.value.fix
    assert load_config(EMA_CROSS, environ={"CANDLED_DATABASE__ADMIN_URL": secret}).database.admin_url == secret


@pytest.mark.parametrize(
    ("key", "ways"),
    [
        ("account.cash", ["1000", "1000.0", '"1000"', '"1E3"', "1e3", '"1000.000"', "+1_000"]),
        ("venue.fee_rate", ["0.001", '"0.001"', "1e-3", '"0.00100"']),
        ("strategy.gate.threshold", ["0.002", "2e-3", "0.00200"]),
        ("strategy.model.entry", ["2", "2.0", "2e0"]),
        ("strategy.model.exit", ["0", "0.0", "-0.0"]),
        ("venue.slippage_rate", ["0", "0.0", "-0.0", '"0E-12"', "0e99"]),
    ],
)
def test_equal_numbers_are_equal_configurations(key, ways):
    assert len({repr(load_config(MEAN_REVERSION, overrides=[f"{key}={way}"])) for way in ways}) == 1


amounts = st.decimals(min_value="1e-18", max_value="99999999999999999999", allow_nan=False, places=18)


@given(amounts, st.booleans())
def test_no_digit_of_an_amount_is_lost(amount, quoted):
    text = format(amount, "f")
    config = load_config(EMA_CROSS, overrides=[f'account.cash="{text}"' if quoted else f"account.cash={text}"])
    assert config.account.cash == amount
    assert str(config.account.cash) == str(Decimal(text.rstrip("0").rstrip(".")))
