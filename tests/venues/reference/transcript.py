"""A language for tables that a trader reads: a line is an order, a cancel or a candle, and `=>` what comes of it.

    1 sell 2 stop 95 reduce_only by trend        number, side, quantity, kind with its prices, options, strategy
    100 102 94 99 v 10                           open, high, low, close; a minute each; the first is `100 100 100 100`
    ETH 50 51 49 50 [50 51 50 50; 50 50 49 50]   of another symbol, with the finer candles inside it
    cancel 1 => 1 canceled requested             after `=>`: reports and refusals, in order, separated by semicolons

Orders are sent at the newest candle's close. Slippage and fees are shown where there are any.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from kernel.account import Account
from kernel.events import OrderRequested
from kernel.instrument import Instrument
from kernel.messages import CandleClosed, OrderExpired, OrderFilled, Report
from kernel.money import canonical_text
from tests.venues.reference.desks import Detail
from venues.simulation import SimulatedVenueConfig
from venues.venue import Gone, Rejected

MINUTE = 60_000_000_000
KINDS = {
    "market": ("market", ()),
    "limit": ("limit", ("price",)),
    "stop": ("stop_market", ("trigger",)),
    "stop_limit": ("stop_limit", ("trigger", "price")),
    "take_profit": ("take_profit", ("trigger",)),
    "trail": ("trailing_stop", ("trail",)),
}
NUMBERS = ("parent", "group", "replaces")
SYMBOLS = ("BTC", "ETH", "BNB")


def instrument(base: str, *, min_notional: str = "0", tick: str = "0.01") -> Instrument:
    lot, fee = Decimal("0.001"), Decimal(0)
    return Instrument(f"{base}/USDT", base, "USDT", 2, 3, Decimal(tick), lot, Decimal(min_notional), fee)


class Transcript:
    """A market and orders, played against a desk. `settings` are the venue's and the account's."""

    def __init__(self, make, text: str, settings: dict[str, object]):
        self.lines = [line.strip() for line in text.strip().splitlines()]
        self.steps = [line.partition("=>")[0].strip() for line in self.lines]
        settings = {"fee_rate": "0", **settings}
        funds = {"USDT": "10000", "BTC": "10"}
        funds |= {name[6:]: settings.pop(name) for name in list(settings) if name.startswith("funds.")}
        rules = {name: settings.pop(name) for name in ("min_notional", "tick") if name in settings}
        marks = {base: f"{base}/USDT" for base in SYMBOLS}
        balances = {asset: Decimal(amount) for asset, amount in funds.items()}
        kind, leverage = settings.pop("kind", "cash"), Decimal(settings.pop("leverage", "1"))
        account = Account("USDT", balances, marks, kind, leverage)
        config = msgspec.convert(settings, SimulatedVenueConfig, strict=False)
        self.minutes = dict.fromkeys(SYMBOLS, 0)
        self.now, self.details = 0, {}
        candles = ["100 100 100 100", "ETH 50 50 50 50", "BNB 300 300 300 300", *filter(is_candle, self.steps)]
        self.candles = [self.candle(step) for step in candles]
        self.desk = make(config, [instrument(base, **rules) for base in SYMBOLS], account, detail=Detail(self.details))

    def play(self) -> Iterator[str]:
        """Every line with what it came to."""
        coming = iter(self.candles)
        for _ in SYMBOLS:
            self.taken(next(coming))
        for step in self.steps:
            outcomes = self.taken(next(coming)) if is_candle(step) else self.told(step)
            yield f"{step} => {'; '.join(outcomes)}" if outcomes else step

    def taken(self, candle: CandleClosed) -> list[str]:
        self.now = max(self.now, candle.ts)
        return [shown(report) for report in self.desk.candle(candle)]

    def told(self, step: str) -> list[str]:
        if step.startswith("cancel"):
            answer, reports = self.desk.cancel(int(step.split()[1]))
            return ["gone"] * isinstance(answer, Gone) + [shown(report) for report in reports]
        request = order(step, self.now)
        answer, reports = self.desk.submit(request)
        refusal = [f"{request.order} rejected {answer.code}"] if isinstance(answer, Rejected) else []
        return refusal + [shown(report) for report in reports]

    def candle(self, step: str) -> CandleClosed:
        whole, _, inside = step.partition("[")
        base, prices, volume = row(whole)
        opens = self.minutes[base] * MINUTE
        self.minutes[base] += 1
        finer = [row(part)[1:] for part in inside.rstrip("]").split(";")] if inside else []
        length = MINUTE // max(1, len(finer))
        rows = [(opens + n * length, *prices, volume) for n, (prices, volume) in enumerate(finer)]
        if rows:
            self.details[f"{base}/USDT", opens] = rows
        return CandleClosed(opens + MINUTE, f"{base}/USDT", opens, *prices, volume)


def is_candle(step: str) -> bool:
    return step.split(maxsplit=1)[0] != "cancel" and step.split()[1] not in ("buy", "sell")


def row(text: str) -> tuple[str, list[int], int]:
    """Base asset, prices in cents, volume in thousandths."""
    words = text.split()
    base = words.pop(0) if words[0] in SYMBOLS else "BTC"
    volume = int(Decimal(words[5]).scaleb(3)) if len(words) > 4 else 10_000
    return base, [int(Decimal(word).scaleb(2)) for word in words[:4]], volume


def order(step: str, ts: int) -> OrderRequested:
    words = iter(step.split())
    number, side, quantity, kind = (next(words) for _ in range(4))
    kind, names = KINDS[kind]
    fields: dict[str, object] = {}
    for name in names:
        word = next(words)
        if word.endswith("%"):
            fields["trail_rate"] = Decimal(word[:-1]).scaleb(-2)
        else:
            fields[name] = Decimal(word)
    symbol, strategy = "BTC/USDT", "s"
    for word in words:
        if word in NUMBERS:
            fields[word] = int(next(words))
        elif word in ("until", "day"):
            fields["time_in_force"] = "gtd" if word == "until" else word
            fields["expires_at"] = int(next(words)) * MINUTE
        elif word in ("ioc", "fok"):
            fields["time_in_force"] = word
        elif word == "by":
            strategy = next(words)
        elif word in ("ETH", "BNB", "SOL"):
            symbol = f"{word}/USDT"
        else:
            assert word in ("post_only", "reduce_only"), word
            fields[word] = True
    return OrderRequested(ts, strategy, symbol, 0, int(number), side, kind, Decimal(quantity), **fields)


def shown(report: Report) -> str:
    """A report in a few words."""
    if isinstance(report, OrderFilled):
        price, quantity = canonical_text(report.price), canonical_text(report.quantity)
        words = [f"{report.order} filled {quantity} at {price} {report.liquidity}"]
        words += [f"slipped {canonical_text(report.slippage)}"] * (report.slippage != 0)
        words += [f"fee {canonical_text(report.fee)} {report.fee_asset}"] * (report.fee != 0)
        words += ["ambiguous"] * report.ambiguous
        return " ".join(words)
    if isinstance(report, OrderExpired):
        at = f" at {report.ts // MINUTE}" if report.reason in ("gtd", "day") else ""
        return f"{report.order} expired {report.reason}{at}"
    return f"{report.order} canceled {report.reason}"
