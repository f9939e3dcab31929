"""Each warning fires on its own evidence, and not a step before it."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from research.report.curve import Day
from research.report.doubts import DOUBTS, doubts
from research.report.figures import Figures
from tests.research.report.made import MINUTE, START, Scribe, flat_candles


@pytest.fixture(scope="module")
def sober() -> Figures:
    """Of a run that nothing is wrong with, as far as these figures go."""
    scribe = Scribe({"BTC/USDT": flat_candles([10_000] * 50)})
    scribe.at(START + MINUTE)
    scribe.trade("buy", "1", "100", fee="1")
    scribe.end()
    figures = scribe.report({}, venue={"fill": "next_open", "limit_touch_probability": "0"}).figures
    metrics = {
        "trades": 100, "days": 300, "total_return": 0.25, "sharpe": 1.2, "win_rate": 0.55, "profit_factor": 1.4,
        "max_drawdown": 0.12, "smoothness": 0.8, "best_trade": 900.0, "trades_within_a_candle": 10,
    }  # fmt: skip
    costs = {
        "fills": 200, "fees": Decimal(4_000), "slippage": Decimal(1_000), "slippable": 200, "slipped": 190,
        "sized_orders": 200, "large_orders": 0, "largest_share": 0.1,
    }  # fmt: skip
    equity = {"starting": Decimal(100_000), "final": Decimal(110_000)}
    days = tuple(Day(f"2022-01-{n:02}", Decimal(100_000), Decimal(500), 0.005) for n in range(1, 21))
    return changed(figures, days=days, metrics=metrics, costs=costs, equity=equity)


def changed(figures: Figures, **parts: Any) -> Figures:
    """Figures with some of them otherwise; a mapping changes a part's own fields."""
    new = {}
    for name, value in parts.items():
        part = getattr(figures, name)
        if isinstance(part, msgspec.Struct):
            new[name] = msgspec.structs.replace(part, **value)
        else:
            new[name] = part | value if isinstance(part, dict) else value
    return msgspec.structs.replace(figures, **new)


def day(profit):
    return (Day("2022-01-01", Decimal(100_000), Decimal(profit), 0.0),)


CASES = {
    "sharpe_high": ({"metrics": {"sharpe": 3.01}}, {"metrics": {"sharpe": 3.0}}, "3.01"),
    "profit_factor_high": ({"metrics": {"profit_factor": 3.01}}, {"metrics": {"profit_factor": 3.0}}, "3.01"),
    "win_rate_high": ({"metrics": {"win_rate": 0.81}}, {"metrics": {"win_rate": 0.8}}, "81 %"),
    "drawdown_absent": ({"metrics": {"max_drawdown": 0.0099}}, {"metrics": {"max_drawdown": 0.01}}, "0.99 %"),
    "curve_smooth": ({"metrics": {"smoothness": 0.981}}, {"metrics": {"smoothness": 0.98}}, "0.981"),
    "trades_few": (
        {"metrics": {"trades": 29, "trades_within_a_candle": 0}},
        {"metrics": {"trades": 30, "trades_within_a_candle": 0}}, "29 trades",
    ),
    "profit_concentrated": ({"days": day(5_001)}, {"days": day(5_000)}, "one day made 50 %"),
    "costs_doubled": ({"costs": {"fees": Decimal(9_000)}}, {"costs": {"fees": Decimal(8_999)}}, "10,000.00"),
    "fees_absent": ({"costs": {"fees": Decimal(0), "by_asset": ()}}, {"costs": {"fees": Decimal(1)}}, "no fee"),
    "slippage_absent": ({"costs": {"slipped": 0}}, {"costs": {"slipped": 1}}, "none slipped"),
    "fills_at_same_close": (
        {"definition": {"venue": {"fill": "same_close"}}},
        {"definition": {"venue": {"fill": "next_open"}}}, "same_close",
    ),
    "limits_at_touch": (
        {"definition": {"venue": {"limit_touch_probability": "0.30"}}},
        {"definition": {"venue": {"limit_touch_probability": "0.00"}}}, "= 0.3",
    ),
    "candles_ambiguous": ({"ambiguity": {"trades": 11}}, {"ambiguity": {"trades": 10, "profit": Decimal(500)}}, "11 %"),
    "holding_short": (
        {"metrics": {"trades_within_a_candle": 11}}, {"metrics": {"trades_within_a_candle": 10}}, "11 of 100",
    ),
    "orders_large": ({"costs": {"large_orders": 1, "largest_share": 0.5}}, {"costs": {"large_orders": 0}}, "50 %"),
}  # fmt: skip


def test_every_warning_has_a_case():
    assert set(CASES) == set(DOUBTS)


def test_nothing_is_said_of_sober_figures(sober):
    assert list(doubts(sober)) == []


@pytest.mark.parametrize("name", CASES)
def test_a_warning_fires_on_its_figure_alone(sober, name):
    beyond, within, figure = CASES[name]
    (found,) = doubts(changed(sober, **beyond))
    assert found.name == name
    assert figure in found.figure
    assert found.why.endswith(".")
    assert list(doubts(changed(sober, **within))) == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("profit_factor_high", {"metrics": {"profit_factor": None}}),  # nobody lost
        ("profit_concentrated", {"metrics": {"best_trade": 5_001.0}}),
        ("candles_ambiguous", {"ambiguity": {"profit": Decimal(501)}}),
    ],
)
def test_the_other_way_to_the_same_warning(sober, name, parts):
    assert [found.name for found in doubts(changed(sober, **parts))] == [name]


@pytest.mark.parametrize(
    "parts",
    [
        {"metrics": {"sharpe": None, "win_rate": None, "smoothness": None}},
        {"metrics": {"profit_factor": 99.0, "trades": 9, "win_rate": 0.5, "trades_within_a_candle": 0}},
        {"metrics": {"max_drawdown": 0.001, "total_return": 0.2}},  # little lost, and little won
        {"metrics": {"smoothness": 0.999, "total_return": -0.2}},  # a smooth way down
        {"equity": {"final": Decimal(90_000)}, "days": day(9_000)},  # a loss: no share of it is a profit
    ],
)
def test_no_warning_without_the_evidence(sober, parts):
    assert {found.name for found in doubts(changed(sober, **parts))} <= {"trades_few"}


def test_a_run_without_a_trade_is_only_short_of_trades():
    scribe = Scribe({"BTC/USDT": flat_candles([10_000] * 50)})
    scribe.end()
    venue = {"fill": "same_close", "limit_touch_probability": "0"}
    assert [found.name for found in scribe.report({}, venue=venue).figures.warnings] == ["trades_few"]


def test_the_documentation_has_every_warning():
    page = (Path(__file__).resolve().parents[3] / "docs" / "reports.md").read_text()
    section = page[page.index("## Warnings") : page.index("## The page")]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(DOUBTS)
