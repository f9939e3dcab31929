"""What a configuration file may say, as types: decoded strictly, every default is here or in the types named here."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from kernel.blueprint import RiskConfig
from kernel.strategy import Strategy
from venues.simulation import SimulatedVenueConfig

__all__ = ["AccountConfig", "Config", "DatabaseConfig", "MarketConfig"]


class MarketConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A market that the strategy trades. `candled backtest --dataset` puts others in its place."""

    venue: str
    symbol: str
    timeframe: str


class AccountConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the account starts with: `cash` of its currency, which is the markets' quote asset unless it is named.

    `balances` of other assets come beside it. `marks` says by which market of the run an asset is valued, where that is
    not ASSET/CURRENCY. A margin account may owe, and hold positions worth `leverage` times its equity.
    """

    cash: Decimal
    currency: str = ""
    balances: dict[str, Decimal] = {}
    marks: dict[str, str] = {}
    kind: Literal["cash", "margin"] = "cash"
    leverage: Decimal = Decimal(1)


class DatabaseConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A PostgreSQL server to use instead of the embedded one; `admin_url` is for `candled db upgrade`. Secrets."""

    url: str = ""
    admin_url: str = ""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole configuration file. `database` is where, not what: it is no part of a run's identity.

    It has one `strategy`, or several `strategies` that share the account and decide in this order.
    """

    account: AccountConfig
    strategy: Strategy | None = None
    strategies: tuple[Strategy, ...] = ()
    risk: RiskConfig = RiskConfig()
    venue: SimulatedVenueConfig = SimulatedVenueConfig()
    markets: tuple[MarketConfig, ...] = ()
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    database: DatabaseConfig = DatabaseConfig()

    @property
    def every_strategy(self) -> tuple[Strategy, ...]:
        """The strategy, or the strategies."""
        return self.strategies if self.strategy is None else (self.strategy,)
