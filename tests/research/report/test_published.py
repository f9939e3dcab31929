"""What programs read: JSON by name, and the same figures as CSV."""

import csv
import io
import re
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest

from kernel.money import canonical_text
from research.report.csv_tables import csv_tables
from research.report.figures import Figures, published
from research.report.summary import sparkline
from research.report.wording import amount, count, duration, flattened, minute, percent
from tests.research.report.made import MINUTE, START, Scribe, flat_candles


@pytest.fixture(scope="module")
def figures() -> Figures:
    scribe = Scribe({"BTC/USDT": flat_candles([10_000] * 50)}, strategies=("trend", 'a,b\n"c"'))
    for minute_, side, strategy in ((3, "buy", "trend"), (4, "buy", 'a,b\n"c"'), (9, "sell", "trend")):
        scribe.at(START + minute_ * MINUTE)
        scribe.trade(side, "0.30", "100.10", strategy=strategy, fee="0.00000000010", fee_asset="USDT")
    scribe.skip(gate_closed=3)
    scribe.end()
    return scribe.report({}, venue={"fill": "next_open", "rates": [1, 2]}).figures


def test_json_has_exact_amounts_as_texts_and_times_as_iso(figures):
    told = msgspec.json.decode(msgspec.json.encode(published(figures)))
    assert list(told) == list(Figures.__struct_fields__)
    (trade,) = told["trades"]
    assert trade["entry_time"] == "2022-01-01T00:03:00Z"
    assert trade["fees"] == "0.0000000002"  # never 2E-10
    assert trade["quantity"] == "0.3"
    assert (type(trade["profit"]), type(trade["return_rate"]), trade["mae_rate"]) == (str, float, None)
    assert told["run"]["end_time"] == "2022-01-01T00:50:00Z"
    assert told["definition"]["venue"]["rates"] == [1, 2]
    decimals = re.findall(r'"-?\d+(?:\.\d+)?[eE][+-]?\d+"', str(told))
    assert decimals == []


def read(content: bytes):
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_csv_has_what_json_has(figures):
    told = published(figures)
    files = csv_tables(told)
    for name in ("trades", "days", "months", "symbols", "strategies", "exit_reasons", "open_positions", "skips"):
        rows = read(files[f"{name}.csv"])
        assert len(rows) == len(told[name]) > 0
        for row, figure in zip(rows, told[name], strict=True):
            assert row == {
                key: "" if v is None else str(v).lower() if isinstance(v, bool) else str(v) for key, v in figure.items()
            }
    assert sum(Fraction(row["profit"]) for row in read(files["trades.csv"])) == Fraction(told["equity"]["trades"])
    single = {row["name"]: row["value"] for row in read(files["figures.csv"])}
    assert single["equity.final"] == told["equity"]["final"]
    assert single["definition.venue.fill"] == "next_open"
    assert float(single["metrics.max_drawdown"]) == told["metrics"]["max_drawdown"]


def test_a_table_without_rows_has_its_headings(figures):
    files = csv_tables(published(figures))
    assert files["refusals.csv"] == b"what,strategy,reason,count\n"
    assert files["costs_by_asset.csv"].startswith(b"asset,amount,worth\nUSDT,0.0000000003,")


def test_a_strategy_in_two_tables_adds_up(figures):
    trend, other = sorted(figures.strategies, key=lambda group: -group.trades)
    assert (trend.name, trend.trades, other.trades) == ("trend", 1, 0)
    assert other.win_rate is other.mean_profit is None
    assert other.open_profit == figures.equity.open_positions != 0


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (amount(Decimal("1234567.891")), "1,234,567.89"), (amount(None), "–"), (amount(0), "0.00"),
        (amount(-0.00012345678), "-0.000123457"), (percent(0.12345), "12.35 %"),
        (percent(0.5, signed=True), "+50.00 %"),
        (percent(-0.0000023), "-0.00023 %"), (count(1, "trade"), "1 trade"), (count(1_200, "trade"), "1,200 trades"),
        (duration(59.4), "59 s"), (duration(3_600), "1 h"), (duration(90_061), "1 d 1 h"), (duration(86_460), "1 d"),
        (duration(0), "0 s"), (minute(START + 61 * MINUTE), "2022-01-01 01:01"),
    ],
)  # fmt: skip
def test_wording(made, text):
    assert made == text


def test_a_tree_as_lines():
    tree = {"a": {"b": 1, "none": None, "empty": [], "list": [1, "x"]}, "rows": [{"k": 2}, {"k": 3}]}
    assert flattened(tree) == [("a.b", "1"), ("a.list", "1, x"), ("rows.0.k", "2"), ("rows.1.k", "3")]


@pytest.mark.parametrize(("values", "width", "line"), [
    ([], 5, ""), ([1.0], 5, "▁"), ([1.0, 1.0], 5, "▁▁"), ([0.0, 7.0, 3.0], 5, "▁█▄"), (list(range(8)), 4, "▁▃▆█"),
])  # fmt: skip
def test_sparkline(values, width, line):
    assert sparkline([float(value) for value in values], width) == line


def test_no_digit_is_lost_on_the_way_out(figures):
    told = published(figures)
    assert told["equity"]["final"] == canonical_text(figures.equity.final)
    assert Decimal(told["equity"]["final"]) == figures.equity.final
