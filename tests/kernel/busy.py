"""Everything at once: three strategies on a margin account, with brackets, time barriers, a rotation and protections.

Their names are in no alphabetical order: what sorts them by name is found out.
"""

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from kernel.blueprint import RiskConfig
from kernel.brackets import Exits
from kernel.features.declaration import feature
from kernel.instrument import Instrument
from kernel.kernel import Kernel
from kernel.messages import MarketMessage
from kernel.models.rotation import Rotation
from kernel.risk.protections import DailyLoss, ExitCooldown, LosingStreak
from tests.kernel.given import CROSS, OBEDIENT, Ran, account, blueprint, run, strategy, with_instants

SLOW = feature("slow", "ema", period=4)
EXITS = Exits(
    stop_loss=Decimal("0.04"), take_profit=Decimal("0.06"), trailing_stop=Decimal("0.05"), break_even=Decimal("0.01"),
    minutes=7, reenter="new_signal",
)  # fmt: skip
BUSY = (
    replace(OBEDIENT, name="z", exits=EXITS),
    replace(CROSS, name="m", exits=replace(EXITS, break_even=None, minutes=0, reenter="at_once")),
    strategy(Rotation("slow", at_least=540.0, minutes=2), [SLOW], name="a", quantity="3"),
)
PROTECTIONS = DailyLoss(Decimal("0.0003")), LosingStreak(2, "reduce", 5), ExitCooldown(2)
STRICT, FREE = RiskConfig(protections=PROTECTIONS), RiskConfig()


def busy_kernel(instruments: Sequence[Instrument], risk: RiskConfig = STRICT) -> Kernel:
    """Before its stream has begun."""
    return Kernel(blueprint(BUSY, instruments, risk))


def busy_run(
    market: Sequence[MarketMessage], *instruments: Instrument, risk: RiskConfig = STRICT, **more
) -> tuple[list[MarketMessage], Ran]:
    """The market as it was fed, instants and all, and what came of it."""
    fed = with_instants(market)
    return fed, run(BUSY, fed, *instruments, account_of=account(instruments, kind="margin"), risk=risk, **more)
