"""All checks, in the order in which they are shown."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from service.doctor import machine, program, server, settings
from service.doctor.finding import Finding

__all__ = ["examine"]


async def examine(
    data_dir: Path,
    config_path: Path | None,
    *,
    database_url: str | None,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> list[Finding]:
    """What there is to say of this machine, and of a configuration, where one is named."""
    found = [*program.python(), *program.packages(program.find_lock())]
    config = None
    if config_path is not None:
        config, first = settings.configuration(config_path, overrides, environ)
        found.append(first)
    found += [*machine.data_dir(data_dir), *machine.compiled_code(), *machine.open_files(), *machine.kept_clock()]
    if config is not None:
        found += settings.markets(config, data_dir)
        found += settings.secret_files(config, data_dir, environ)
        found += settings.ports(config, data_dir)
    url = database_url or (config.database.url if config is not None else "")
    found += await (server.server(url) if url else server.embedded_server(data_dir))
    return found
