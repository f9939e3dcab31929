"""The configuration: does it decode, are its secrets secret, are its markets here, is its address free."""

import errno
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kernel.errors import CandledError
from service.config import load_config
from service.config_types import Config
from service.doctor.finding import Finding, failed, fine, worth_knowing
from service.launch import choose_datasets
from service.secret_files import read_secret
from service.streams import streams_dir

__all__ = ["configuration", "markets", "ports", "secret_files"]


def configuration(path: Path, overrides: Sequence[str], environ: Mapping[str, str]) -> tuple[Config | None, Finding]:
    """The configuration, where it decodes, and what there is to say of it."""
    try:
        config = load_config(path, overrides=overrides, environ=environ)
    except CandledError as error:
        return None, failed("configuration", str(error), error.fix or f"mend {path}")
    names = ", ".join(strategy.name for strategy in config.every_strategy)
    return config, fine("configuration", f"{path}: {names}")


def markets(config: Config, data_dir: Path) -> Iterator[Finding]:
    """Whether the markets that it names have their candles here."""
    if not config.markets:
        return
    try:
        found = choose_datasets(data_dir, (), config)
    except CandledError as error:
        yield worth_knowing("markets", str(error), error.fix)
    else:
        yield fine("markets", f"{len(found)} with candles here")


def secret_files(config: Config, data_dir: Path, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the files that hold secrets can be read by us, and by nobody else."""
    named = {
        "api.read_token_file": config.api.read_token_file,
        "api.operate_token_file": config.api.operate_token_file,
        "alerts.webhook_url_file": config.alerts.webhook_url_file,
        "database.url_file": config.database.url_file,
        "database.admin_url_file": config.database.admin_url_file,
    }
    files = [(key, Path(file)) for key, file in named.items() if file]
    for pattern in ("read-token", "operate-token"):
        files += [(f"the {pattern} of a stream", path) for path in sorted(streams_dir(data_dir).rglob(pattern))]
    bad = 0
    for what, path in files:
        try:
            read_secret(path, what=what, environ=environ)
        except CandledError as error:
            bad += 1
            yield failed("secrets", str(error), error.fix)
    if not bad:
        yield fine("secrets", f"{len(files)} files, for nobody else to read")


def ports(config: Config, data_dir: Path) -> Iterator[Finding]:
    """Whether the addresses to listen on are free, or a daemon of this data directory has them."""
    ours = _addresses(data_dir)
    for key, listen in (("api.listen", config.api.listen), ("metrics.listen", config.metrics.listen)):
        host, _, port = listen.rpartition(":")
        if not host or not port.isdecimal() or int(port) == 0 or host == "unix":
            continue
        if listen in ours:
            yield fine("ports", f"{key} = {listen}: a daemon of this data directory listens there")
            continue
        problem = _problem(host.strip("[]"), int(port))
        if problem:
            yield failed("ports", f"{key} = {listen}: {problem}", f"end what listens there, or change {key}")
        else:
            yield fine("ports", f"{key} = {listen} is free")


def _addresses(data_dir: Path) -> set[str]:
    """Where the daemons of this data directory said that they listen, those whose process lives."""
    found: set[str] = set()
    for path in streams_dir(data_dir).rglob("endpoint.json"):
        try:
            endpoint = json.loads(path.read_text())
            os.kill(endpoint["pid"], 0)
        except (OSError, ValueError, KeyError, TypeError):
            continue
        found |= {endpoint["api"], endpoint["metrics"]}
    return found


def _problem(host: str, port: int) -> str:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return "taken" if error.errno == errno.EADDRINUSE else str(error.strerror)
    return ""
