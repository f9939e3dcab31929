"""Alerts as a configuration has them."""

from pathlib import Path

from service.alerts.alerts import Alerts
from service.alerts.webhook import read_webhook
from service.config_types import AlertsConfig
from service.logs.secrets import Secrets

__all__ = ["alerts_of"]


def alerts_of(config: AlertsConfig, secrets: Secrets, *, name: str) -> Alerts | None:
    """What tells an operator; None where no webhook is named. Its URL becomes one of `secrets`. Errors: ConfigError."""
    if not config.webhook_url_file:
        return None
    webhook, url = read_webhook(Path(config.webhook_url_file), config.chat_id)
    secrets.add_url(url)
    return Alerts(webhook.send, name=name, per_hour=config.per_hour, hide=secrets.hide)
