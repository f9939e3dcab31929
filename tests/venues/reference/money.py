"""What a fill costs in the reference, and whether the account can bear it."""

from fractions import Fraction

from tests.venues.reference.book import ZERO, Book
from tests.venues.reference.order import Order, down_to, fraction, up_to
from venues.simulation import SimulatedVenueConfig


def taker_price(
    config: SimulatedVenueConfig, book: Book, order: Order, price: Fraction, quantity: Fraction
) -> Fraction:
    """`price` made worse by slippage, half the spread and the impact; never beyond a limit."""
    share = Fraction(config.slippage_rate) + Fraction(config.spread_rate) / 2
    volume = book.volumes[order.symbol]
    if volume > 0:
        share += Fraction(config.impact_rate) * quantity / volume
    if share == 0:
        return price
    if order.sign > 0:
        slipped = up_to(order.tick, price * (1 + share))
        return min(slipped, order.price) if order.is_limit else slipped
    slipped = max(order.tick, down_to(order.tick, price * (1 - share)))
    return max(slipped, order.price) if order.is_limit else slipped


def rate(config: SimulatedVenueConfig, book: Book, order: Order, liquidity: str) -> Fraction:
    taker = fraction(config.fee_rate)
    if taker is None:
        taker = Fraction(book.instruments[order.symbol].fee_rate)
    maker = fraction(config.maker_fee_rate)
    return maker if liquidity == "maker" and maker is not None else taker


def fee_of(
    config: SimulatedVenueConfig, book: Book, order: Order, price: Fraction, quantity: Fraction, liquidity: str
) -> tuple[Fraction, str]:
    """The fee and its asset."""
    instrument = book.instruments[order.symbol]
    share = rate(config, book, order, liquidity)
    in_quote = price * quantity * share
    name = config.fee_asset
    if name == "received":
        return (quantity * share, instrument.base) if order.sign > 0 else (in_quote, instrument.quote)
    if name in ("", instrument.quote):
        return in_quote, instrument.quote
    close = book.closes.get(f"{name}/{instrument.quote}")
    if close is None:
        return in_quote, instrument.quote
    return up_to(Fraction(1, 10**8), in_quote / close), name


def after_fill(
    book: Book, order: Order, price: Fraction, quantity: Fraction, fee: tuple[Fraction, str]
) -> dict[str, Fraction]:
    """All balances as they would be."""
    instrument = book.instruments[order.symbol]
    balances = dict(book.balances)
    for asset, change in (
        (instrument.base, order.sign * quantity),
        (instrument.quote, -order.sign * quantity * price),
        (fee[1], -fee[0]),
    ):
        balances[asset] = balances.get(asset, ZERO) + change
    return balances


def cannot_bear(book: Book, order: Order, balances: dict[str, Fraction]) -> str | None:
    """Why the account may not come to hold `balances` by a fill of the order."""
    if book.account.kind == "cash":
        worse = [a for a, amount in balances.items() if amount < 0 and amount < book.balances.get(a, ZERO)]
        return "insufficient_balance" if worse else None
    if order.request.reduce_only:
        return None
    equity = sum(amount * worth_of(book, asset) for asset, amount in balances.items())
    exposure = ZERO
    for base in {instrument.base for instrument in book.instruments.values()}:
        opening = Fraction(book.account.balances.get(base, 0))
        exposure += abs(balances.get(base, ZERO) - opening) * worth_of(book, base)
    return "insufficient_margin" if exposure > Fraction(book.account.leverage) * equity else None


def worth_of(book: Book, asset: str) -> Fraction:
    """Of one unit, in the account's currency, at last closes."""
    if asset == book.account.currency:
        return Fraction(1)
    return book.closes.get(book.account.marks.get(asset, f"{asset}/{book.account.currency}"), ZERO)


def reference_price(book: Book, order: Order) -> Fraction:
    if order.price is not None:
        return order.price
    return order.trigger if order.trigger is not None else book.closes[order.symbol]


def need(config: SimulatedVenueConfig, book: Book, order: Order) -> tuple[str, Fraction]:
    """What an order holds of which asset while it rests."""
    instrument, quantity = book.instruments[order.symbol], book.allowance(order)
    if order.sign < 0:
        return instrument.base, quantity
    return instrument.quote, quantity * reference_price(book, order) * (1 + rate(config, book, order, "taker"))


def refused_for_money(config: SimulatedVenueConfig, book: Book, order: Order) -> str | None:
    """Whether an order that has just arrived is too large for the account."""
    if book.account.kind == "margin":
        price, quantity = reference_price(book, order), book.allowance(order)
        fee = price * quantity * rate(config, book, order, "taker")
        quote = book.instruments[order.symbol].quote
        return cannot_bear(book, order, after_fill(book, order, price, quantity, (fee, quote)))
    asset, _ = need(config, book, order)
    largest: dict[int, Fraction] = {}
    for other in book.live():
        if other.place == "working":
            held_asset, held = need(config, book, other)
            if held_asset == asset:
                key = other.request.group or -other.number
                largest[key] = max(held, largest.get(key, ZERO))
    return "insufficient_balance" if sum(largest.values()) > book.balances.get(asset, ZERO) else None
