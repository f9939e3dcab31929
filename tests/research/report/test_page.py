"""The page: whole, offline, and deaf to what a configuration might try to say to a browser."""

import random
import re
from html.parser import HTMLParser

import msgspec
import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs

from research.report.charts import charts
from research.report.page import page
from research.report.price_chart import price_charts
from research.report.tables import TABLES
from tests.research.report.made import HOUR, START, Scribe, dataset, walk

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
VOID = {"meta", "link", "img", "br", "hr", "input"}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Seventy days, a hundred trades of two strategies, one of them with a hostile name."""
    rows = {"BTC/USDT": walk(70 * 24, 1, HOUR), "ETH/USDT": walk(70 * 24, 2, HOUR, start=200_000)}
    folder = tmp_path_factory.mktemp("page")
    data = {symbol: dataset(folder, candles, symbol, "1h") for symbol, candles in rows.items()}
    scribe, chance = Scribe(rows, step=HOUR, strategies=("trend", HOSTILE)), random.Random(3)
    for hour in range(1, 70 * 24 - 20, 16):
        symbol, strategy = chance.choice(list(rows)), chance.choice(("trend", HOSTILE))
        for at, side in ((hour, "buy"), (hour + chance.randint(1, 12), "sell")):
            scribe.at(START + at * HOUR)
            close = rows[symbol][at - 1].close
            what = {"fee": "0.7", "ambiguous": chance.random() < 0.1, "purpose": chance.choice(("exit", "stop"))}
            scribe.trade(side, "0.1", f"{close // 100}.{close % 100:02}", symbol=symbol, strategy=strategy, **what)
    scribe.skip(gate_closed=5)
    scribe.end()
    return scribe.report(data, strategy={"name": HOSTILE, "nested": [{"deep": HOSTILE}]}, venue={"fill": "next_open"})


@pytest.fixture(scope="module")
def html(report):
    return page(report).decode()


@pytest.fixture(scope="module")
def ours(html):
    """Without plotly itself."""
    library = get_plotlyjs().replace("</script", "<\\/script")
    assert html.count(library) == 1
    return html.replace(library, "")


class Elements(HTMLParser):
    """Every element, and the texts of scripts by their id."""

    def __init__(self, text):
        super().__init__()
        self.found, self.scripts, self.texts, self._script = [], {}, [], None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag == "script":
            self._script = dict(attributes).get("id", "")
            self.scripts[self._script] = ""

    def handle_endtag(self, tag):
        if tag == "script":
            self._script = None

    def handle_data(self, text):
        if self._script is None:
            self.texts.append(text)
        else:
            self.scripts[self._script] += text


def test_nothing_is_fetched_from_anywhere(ours):
    assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttpRequest", ours)
    policy = next(a["content"] for t, a in Elements(ours).found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert all("src" not in a and "href" not in a for _, a in Elements(ours).found)


def test_no_text_of_a_run_becomes_markup(ours, report):
    elements = Elements(ours)
    assert not [tag for tag, attributes in elements.found if tag == "img" or "onerror" in attributes]
    assert sum(tag == "script" for tag, _ in elements.found) == 3  # the library, what is drawn, what draws it
    assert sum(HOSTILE in text for text in elements.texts) >= 5  # and a reader sees it as it is
    drawn = elements.scripts["drawn"]
    assert "<" not in drawn
    hovers = str(msgspec.json.decode(drawn))
    assert "&lt;img" in hovers
    assert "<img" not in hovers


def test_every_chart_is_one_that_plotly_knows(report):
    """Plotly's own validation: it refuses an unknown property or value. A colour's role stands for a colour."""

    def painted(value):
        if isinstance(value, dict):
            return {key: painted(item) for key, item in value.items()}
        if isinstance(value, list):
            return [painted(item) for item in value]
        return "#000000" if isinstance(value, str) and value.startswith("@") else value

    drawn = charts(report)
    assert set(drawn) == {"equity", "exposure", "rolling_sharpe", "profits", "holding"}
    assert set(price_charts(report)) == {"BTC/USDT", "ETH/USDT"}
    for spec in [*drawn.values(), *price_charts(report).values()]:
        figure = go.Figure(painted(msgspec.to_builtins(spec)))
        assert figure.data
        assert all(len(trace.x) == len(trace.y) for trace in figure.data if trace.type != "candlestick")


def test_every_role_of_a_colour_has_one(ours):
    roles = set(re.findall(r'"@([a-z_]+)"', Elements(ours).scripts["drawn"]))
    script = Elements(ours).scripts[""]
    named = set(re.findall(r'"([a-z]+)"', script[script.index("const named") : script.index(".map(n")]))
    areas = set(re.findall(r'named\["@([a-z_]+)"\]', script))
    assert roles <= named | areas


def test_the_histogram_has_every_trade(report):
    (bars,) = charts(report)["profits"]["data"]
    assert sum(bars["y"]) == len(report.figures.trades)
    wins = sum(count for x, count in zip(bars["x"], bars["y"], strict=True) if x > 0)
    assert wins == sum(trade.profit >= 0 for trade in report.figures.trades)
    (bars,) = charts(report)["holding"]["data"]
    assert sum(bars["y"]) == len(report.figures.trades)


def test_every_table_and_figure_is_there(ours, report):
    text = " ".join(Elements(ours).texts)
    for make in TABLES.values():
        table = make(report.figures)
        assert all(len(row) == len(table.headings) for row in table.rows)
        for cell in (cell for row in table.rows for cell in row):
            assert cell in text
    for figure in (report.figures.run.log_head, report.figures.run.decisions_digest, "Jan", "2022"):
        assert figure in text
    for found in report.figures.warnings:
        assert found.figure in text
        assert found.why in text


def test_elements_that_need_an_end_have_one(ours):
    """Those that HTML lets end by themselves (rows, cells, list items) apart."""
    body = re.sub(r"<script.*?</script>|<style.*?</style>", "", ours, flags=re.DOTALL)
    for tag in ("div", "section", "table", "ul", "dl", "details", "header", "select", "h1", "h2", "h3"):
        assert len(re.findall(rf"<{tag}[\s>]", body)) == body.count(f"</{tag}>"), tag


def test_a_run_that_never_traded_has_a_page_too(tmp_path):
    rows = {"BTC/USDT": walk(30, 1)}
    scribe = Scribe(rows)
    scribe.end()
    for data in ({}, {"BTC/USDT": dataset(tmp_path, rows["BTC/USDT"])}):
        report = scribe.report(data)
        assert set(charts(report)) == {"equity", "exposure"}
        assert b"Final equity" in page(report)
