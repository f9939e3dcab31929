"""Which of its two paths a candle took, for one strategy: both are walked from the same state, always."""

from collections import Counter
from fractions import Fraction

from msgspec.structs import replace

from kernel.messages import OrderFilled, Report
from tests.venues.reference.book import Book
from tests.venues.reference.walk import Piece, Touches, Walker
from venues.simulation import SimulatedVenueConfig


def walked(config: SimulatedVenueConfig, before: Book, touches: Touches, strategy: str, piece: Piece) -> Book:
    """The book after the path that the configuration wants."""
    if not before.live(piece.symbol, strategy):
        return before
    tried = []
    for points in (
        [piece.open, piece.high, piece.low, piece.close],
        [piece.open, piece.low, piece.high, piece.close],
    ):
        book = before.copy()
        book.reports = []
        Walker(config, book, piece.symbol, strategy, touches, piece).walk(points)
        tried.append(book)
    worths = [worth(book, piece) for book in tried]
    second = {
        "open_high_low_close": False,
        "open_low_high_close": True,
        "worst": worths[1] < worths[0],
        "best": worths[1] > worths[0],
    }[config.path]
    chosen, other = reversed(tried) if second else tried
    chosen.reports = [*before.reports, *marked(chosen.reports, other.reports)]
    return chosen


def worth(book: Book, piece: Piece) -> Fraction:
    """What the fills of a walk have brought, at the close."""
    instrument, result = book.instruments[piece.symbol], Fraction(0)
    prices = {instrument.quote: Fraction(1), instrument.base: piece.close}
    for fill in book.reports:
        if isinstance(fill, OrderFilled):
            sign, asset = book.orders[fill.order].sign, fill.fee_asset
            result += sign * Fraction(fill.quantity) * (piece.close - Fraction(fill.price))
            price = prices[asset] if asset in prices else book.closes[f"{asset}/{instrument.quote}"]
            result -= Fraction(fill.fee) * price
    return result


def marked(reports: list[Report], others: list[Report]) -> list[Report]:
    """The reports, with those fills ambiguous that the other path did not make."""
    left = Counter((r.order, r.quantity, r.price) for r in others if isinstance(r, OrderFilled))
    result = list(reports)
    for n, report in enumerate(reports):
        if isinstance(report, OrderFilled):
            key = (report.order, report.quantity, report.price)
            if left[key] == 0:
                result[n] = replace(report, ambiguous=True)
            left[key] = max(0, left[key] - 1)
    return result
