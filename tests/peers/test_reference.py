"""The oracle against a second formulation: rational numbers, one candle at a time, cash and position as they change."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.peers.reference import Candle, Fill, crossings, digest, read, run, text

FEE_RATE = Fraction(1, 1000)


def price(units):
    return Decimal(units).scaleb(-2)


@st.composite
def random_walks(draw):
    """Candles whose steps are small enough to cross often; flat stretches and gaps between close and open included."""
    steps = draw(st.lists(st.tuples(st.integers(-3, 3), st.integers(-400, 400)), min_size=30, max_size=160))
    close, candles = draw(st.integers(200_000, 300_000)), []
    for minute, (gap, move) in enumerate(steps):
        opened = close + gap
        close = opened + move
        candles.append(Candle(minute * 60_000, price(opened), price(close)))
    return candles


def trade_rationally(candles, fill):
    """The rule in fractions, which round nothing: (fills, fees, cash, equity)."""
    cash, fees, held, fills, due = Fraction(100_000_000), Fraction(0), 0, [], None
    fast = slow = Fraction(candles[0].close)
    for count, candle in enumerate(candles, start=1):
        close = Fraction(candle.close)
        fast, slow = fast * 11 / 13 + close * 2 / 13, slow * 25 / 27 + close * 2 / 27
        settled = [(due, candle.open)] if due else []
        held_then = held + (due == "buy") - (due == "sell")
        due = "buy" if not held_then and fast > slow else "sell" if held_then and fast < slow else None
        due = due if count >= 26 else None
        if fill == "same_close" and due:
            settled, due = [(due, candle.close)], None
        for side, at in settled:
            held += 1 if side == "buy" else -1
            cash -= (1 if side == "buy" else -1) * Fraction(at) + Fraction(at) * FEE_RATE
            fees += Fraction(at) * FEE_RATE
            fills.append(Fill(candle.open_time_ms, side, at))
    return tuple(fills), fees, cash, cash + held * Fraction(candles[-1].close)


@given(random_walks(), st.sampled_from(["same_close", "next_open"]))
def test_fractions_give_the_same_account(candles, fill):
    account = run(candles, fill)
    assert (account.fills, *map(Fraction, (account.fees, account.cash, account.equity))) == trade_rationally(
        candles, fill
    )


def test_an_order_of_the_last_candle_has_a_close_to_fill_at_but_no_next_open():
    candles = [Candle(minute, price(100), price(100)) for minute in range(25)]
    candles.append(Candle(25, price(100), price(101)))
    assert [fill.side for fill in run(candles, "same_close").fills] == ["buy"]
    assert run(candles, "next_open").fills == ()


def test_a_crossing_that_digits_cannot_decide_is_refused():
    # A day of one price after a move: the averages meet it to the fiftieth digit, and only then is the sign unknown.
    closes = [Decimal(100), *[Decimal(101)] * 1440]
    with pytest.raises(ArithmeticError, match="too close to call"):
        crossings(closes)
    assert crossings(closes[:600]) == [(25, "buy")]


def test_a_price_that_never_moves_is_a_tie_and_no_trade():
    assert crossings([Decimal(100)] * 1440) == []


def test_the_digest_knows_time_side_and_price_and_not_how_a_price_is_written():
    fill = Fill(60_000, "buy", Decimal("42000.10"))
    assert digest([fill]) == digest([fill._replace(price=Decimal("42000.1"))])
    for other in ({"open_time_ms": 0}, {"side": "sell"}, {"price": Decimal("42000.11")}):
        assert digest([fill._replace(**other)]) != digest([fill])


def test_csv_and_parquet_give_the_same_candles(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [(0, "100.10", "100.20"), (60_000, "100.20", "99.95"), (120_000, "99.90", "100.00")]
    lines = ["open_time,open,high,low,close,volume", *(f"{at},{opened},0,0,{closed},1" for at, opened, closed in rows)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    times, opens, closes = zip(*rows, strict=True)
    decimals = {name: pa.array(map(Decimal, column), pa.decimal128(14, 3)) for name, column in
                (("open", opens), ("close", closes))}  # fmt: skip
    pq.write_table(pa.table({"open_time": times, **decimals}), tmp_path / "a.parquet")
    assert read([tmp_path / "a.csv"]) == read([tmp_path / "a.parquet"])
    assert read([tmp_path / "a.csv"] * 2, rows=4) == [*read([tmp_path / "a.csv"]), *read([tmp_path / "a.csv"], 1)]


@pytest.mark.parametrize("written", ["0.001", "1", "100", "99416724.21359"])
def test_text_of_a_number_is_its_shortest(written):
    assert text(Decimal(written)) == text(Decimal(written + ("0" if "." in written else ".00"))) == written
