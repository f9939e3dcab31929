"""Whether the runtime needs Hamilton: every module of kernel, venues and service, in two fresh processes.

In the first neither Hamilton nor pandas can be had; in the second both can, and it is seen which module brings them in.
"""

import json
import os
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("kernel", "venues", "service")
RESEARCH_ONLY = ("hamilton", "pandas")


class Absent(MetaPathFinder):
    """Makes packages as if they were not installed."""

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        if name.partition(".")[0] in RESEARCH_ONLY:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def main(*, absent: bool) -> None:
    """Import everything; print how much, what could not be, who brought what in, and that features have values."""
    if absent:
        sys.meta_path.insert(0, Absent())
    sys.path.insert(0, str(ROOT))
    imported, failed, brought = 0, {}, {}
    for floor in FLOORS:
        names = [floor, *(m.name for m in pkgutil.walk_packages(import_module(floor).__path__, f"{floor}."))]
        for name in names:
            try:
                import_module(name)
                imported += 1
            except ImportError as error:
                failed[name] = str(error)
            for package in RESEARCH_ONLY:
                if package in sys.modules:
                    brought.setdefault(package, name)
    print(json.dumps({"imported": imported, "failed": failed, "brought": brought, "values": first_values()}))


def first_values() -> int:
    """How many features the hot path reads in this process."""
    from features_market import instrument, made
    from features_mix import mix, plan_of

    from kernel.features.engine import PlainEngine

    features = mix(150)
    engine = PlainEngine(plan_of(features, features), instrument("BTC/USDT"))
    for candle in made("BTC/USDT", 200):
        engine.update(candle)
    return sum(value - value == 0.0 for value in engine.emit())


def measure() -> dict[str, Any]:
    """Both processes, what importing Hamilton costs, and the lock files' pins."""
    found: dict[str, Any] = {}
    for state in ("absent", "present"):
        command = [sys.executable, str(Path(__file__)), state]
        found[state] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    environment = os.environ | {"HAMILTON_TELEMETRY_ENABLED": "false", "HAMILTON_AUTOLOAD_EXTENSIONS": "0"}
    count = "import sys; before = len(sys.modules); from hamilton import driver; print(len(sys.modules) - before)"
    started = perf_counter()
    modules = subprocess.run([sys.executable, "-c", count], env=environment, check=True, capture_output=True, text=True)
    found["hamilton"] = {"modules": int(modules.stdout), "process_s": perf_counter() - started, "pins": pins()}
    return found


def pins() -> dict[str, Any]:
    """Hamilton in the lock files: its exact version, and how many hashes pip may accept."""
    pin = re.compile(r"^apache-hamilton==(\S+)((?: \\\n\s+--hash=sha256:[0-9a-f]{64})+)", re.MULTILINE)
    found = {}
    for lock in sorted((ROOT / "requirements").glob("*.lock")):
        pinned = pin.search(lock.read_text())
        if pinned:
            found[lock.name] = {"version": pinned[1], "hashes": pinned[2].count("--hash=")}
    return found


if __name__ == "__main__":
    main(absent=sys.argv[1] == "absent")
