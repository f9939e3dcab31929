"""What a run was executed on: recorded beside it, never hashed, so that a difference can be traced."""

import platform
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

__all__ = ["describe_machine"]


def describe_machine() -> dict[str, Any]:
    """Python, libc, CPU and its flags, and the version of every installed package."""
    cpu = _cpu()
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "libc": " ".join(platform.libc_ver()),
        "cpu": cpu.get("model name", platform.processor()),
        "cpu_flags": sorted(cpu.get("flags", "").split()),
        "packages": dict(sorted({d.name: d.version for d in distributions() if d.name}.items())),
    }


def _cpu() -> dict[str, str]:
    """The first processor's lines of /proc/cpuinfo; empty where there is no such file."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    first, _, _ = path.read_text().partition("\n\n")
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}
