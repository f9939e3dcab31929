"""The report as one HTML file: no link leads out of it, and its own policy lets no script load anything.

Rule of this file: every text from a run goes through `escape`; JSON for the script has no "<" in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import msgspec

from kernel.errors import UsageError
from research.report.charts import charts
from research.report.curve import Month
from research.report.figures import Figures
from research.report.measure import Report
from research.report.price_chart import price_charts
from research.report.tables import TABLES, Table, headline
from research.report.wording import count, flattened, minute, percent

__all__ = ["page"]

_TEMPLATE = Path(__file__).with_name("page.html")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TITLES = {
    "exposure": ("Exposure", "positions at last prices, as a share of equity, at every fill and day"),
    "rolling_sharpe": ("Rolling Sharpe", "of the last 30 daily returns, annualised"),
    "profits": ("Profit of a trade", "net of fees"),
    "holding": ("Holding time", "from the first fill to the last"),
}
_COLUMNS_HALF = 7  # fit into half the page
_FULL_COLOR = 0.1  # a month that made or lost a tenth has the strongest colour


def page(report: Report) -> bytes:
    """The whole page, with plotly inside. Errors: UsageError where plotly is not installed."""
    figures, drawn, prices = report.figures, charts(report), price_charts(report)
    equity = drawn.pop("equity")
    parts = {
        "title": escape(f"{', '.join(figures.run.strategies)}: {figures.run.run[:12]}"),
        "heading": escape(", ".join(figures.run.strategies)),
        "subtitle": escape(_subtitle(figures)),
        "tiles": "\n".join(_tile(*tile) for tile in headline(figures)),
        "warnings": _warnings(figures),
        "months": _months(figures.months),
        "symbols": "".join(f"<option>{escape(symbol)}</option>" for symbol in prices),
        "charts": "\n".join(_chart(name) for name in drawn),
        "tables": "\n".join(_table(make(figures)) for make in TABLES.values()),
        "definition": _lines(flattened(figures.definition)),
        "proof": _lines(_proof(figures)),
        "plotly": _plotly().replace("</script", "<\\/script"),
        "drawn": _script_json({"charts": {"equity": equity, **drawn}, "prices": prices}),
    }
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(parts).encode()


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        raise UsageError("the page needs plotly", fix="pip install candled[research]") from None
    library: str = get_plotlyjs()
    return library


def _subtitle(f: Figures) -> str:
    period = f"{minute(f.run.start_time)} to {minute(f.run.end_time)} UTC"
    return f"{', '.join(f.run.markets)} · {period} · {count(f.metrics.days, 'day')}"


def _proof(f: Figures) -> list[tuple[str, str]]:
    run = f.run
    return [
        ("run", run.run),
        ("execution", run.stream),
        ("records", count(run.records)),
        ("log head", run.log_head),
        ("decisions", run.decisions_digest),
    ]


def _tile(name: str, figure: str, below: str) -> str:
    return f"<div class=tile><h3>{escape(name)}</h3><b>{escape(figure)}</b><small>{escape(below)}</small></div>"


def _warnings(f: Figures) -> str:
    notes = "".join(f"<li class=note>{escape(note)}</li>" for note in f.notes)
    found = "".join(
        f"<li data-name={escape(w.name)}><b>{escape(w.figure)}</b> <span>{escape(w.why)}</span></li>"
        for w in f.warnings
    )
    title = f"<h2>Before you believe it <small>{count(len(f.warnings), 'warning')}</small></h2>" if f.warnings else ""
    return f"<section>{title}<ul class=warnings>{notes}{found}</ul></section>" if notes or found else ""


def _months(months: Sequence[Month]) -> str:
    """Years down, months across; strength and side of the colour say how much, and the figure says it too."""
    by_year: dict[str, dict[int, float | None]] = {}
    for month in months:
        by_year.setdefault(month.month[:4], {})[int(month.month[5:])] = month.return_rate
    head = "".join(f"<th>{name}" for name in _MONTHS)
    rows = "".join(
        f"<tr><th>{year}{''.join(_month(rates.get(month)) for month in range(1, 13))}{_month(_year(rates.values()))}"
        for year, rates in by_year.items()
    )
    return f"<table class=heat><thead><tr><th>{head}<th>year</thead><tbody>{rows}</tbody></table>"


def _year(rates: Iterable[float | None]) -> float:
    grown = 1.0
    for rate in rates:
        grown *= 1 + (rate or 0.0)
    return grown - 1


def _month(rate: float | None) -> str:
    if rate is None:
        return "<td>"
    strength = min(1.0, abs(rate) / _FULL_COLOR)
    side = "gain" if rate > 0 else "loss"
    return f'<td class={side} style="--strength:{strength:.2f}">{percent(rate).removesuffix(" %")}'


def _chart(name: str) -> str:
    title, note = _TITLES[name]
    return f"<section class=half><h2>{title} <small>{note}</small></h2><div class=chart id={name}></div></section>"


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    cells = (f"<th{_side(place, table)}>{escape(text)}" for place, text in enumerate(table.headings))
    head = f"<thead><tr>{''.join(cells)}</thead>" if any(table.headings) else ""
    rows = "".join(
        f"<tr>{''.join(f'<td{_side(place, table)}>{escape(text)}' for place, text in enumerate(row))}"
        for row in table.rows
    )
    note = f"<p class=under>{escape(table.note)}</p>" if table.note else ""
    wide = " class=wide" if len(table.headings) > _COLUMNS_HALF else ""
    body = f"<div class=scroll><table>{head}<tbody>{rows}</tbody></table></div>"
    return f"<section{wide}><h2>{escape(table.title)}</h2>{body}{note}</section>"


def _side(place: int, table: Table) -> str:
    return "" if place < table.words else " class=number"


def _lines(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<dt>{escape(name)}<dd>{escape(text)}" for name, text in pairs)


def _script_json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value).decode().replace("<", "\\u003c")
