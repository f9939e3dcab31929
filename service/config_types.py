"""What a configuration file may say, as types: decoded strictly, every default is here or in the types named here."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from kernel.blueprint import RiskConfig
from kernel.strategy import Strategy
from venues.simulation import SimulatedVenueConfig

__all__ = [
    "AccountConfig", "AlertsConfig", "ApiConfig", "Config", "DaemonConfig", "DatabaseConfig", "MarketConfig",
    "MetricsConfig",
]  # fmt: skip


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
    """A PostgreSQL server to use instead of the embedded one; `admin_url` is for `candled db upgrade`.

    Both are secrets: better in the files that `url_file` and `admin_url_file` name, of mode 0600, than in this one.
    """

    url: str = ""
    url_file: str = ""
    admin_url: str = ""
    admin_url_file: str = ""


class DaemonConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How `candled run` runs: nothing here can change a decision.

    `stream` names the log's stream, else the configuration file does. `speed` is market seconds per second, or "max".
    `on_stop` is what happens to live orders at a clean end. A snapshot is kept every `snapshot_every` records.
    A market whose candles stay away for `stale_after` of its candles, and for `stale_after_s` at least, is stale.
    """

    stream: str = ""
    speed: str = "1"
    on_stop: Literal["keep", "cancel", "flatten"] = "keep"
    snapshot_every: Annotated[int, msgspec.Meta(ge=0)] = 100_000
    stale_after: Decimal = Decimal("2.5")
    stale_after_s: Annotated[int, msgspec.Meta(gt=0)] = 90


class ApiConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The control API: on a unix socket below the data directory, or where `listen` says (127.0.0.1:PORT, unix:PATH).

    The tokens are in files of mode 0600, made at the first start where none are named.
    """

    listen: str = ""
    read_token_file: str = ""
    operate_token_file: str = ""


class MetricsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where Prometheus scrapes: 127.0.0.1:PORT, port 0 for any that is free, "" for nowhere."""

    listen: str = "127.0.0.1:0"


class AlertsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A webhook that is told of alerts; its URL is a secret, kept in a file. `chat_id` is for a Telegram bot.

    At most `per_hour` messages are sent; what is held back is counted in the next one.
    """

    webhook_url_file: str = ""
    chat_id: str = ""
    per_hour: Annotated[int, msgspec.Meta(gt=0)] = 20


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole configuration file. `database` and what follows it is where and how, no part of a run's identity.

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
    daemon: DaemonConfig = DaemonConfig()
    api: ApiConfig = ApiConfig()
    metrics: MetricsConfig = MetricsConfig()
    alerts: AlertsConfig = AlertsConfig()

    @property
    def every_strategy(self) -> tuple[Strategy, ...]:
        """The strategy, or the strategies."""
        return self.strategies if self.strategy is None else (self.strategy,)
