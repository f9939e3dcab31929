"""The kernel looks at nothing but its messages: no clock, no chance, no environment, no file; and no assert acts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.pure_session import outcome

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def expected():
    lines = list(outcome())
    assert all(int(line.split()[0]) > 100 for line in lines), "the sessions must trade, or they prove nothing"
    return lines


def lines_of(*arguments, options=(), **environment):
    command = [sys.executable, *options, "-m", "tests.kernel.pure_session", *arguments]
    ran = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_it_needs_nothing_from_outside(expected):
    assert lines_of("--sealed") == expected


def test_the_seal_holds():
    """Were the seal without effect, the test above would prove nothing."""
    for peek in ("time.time()", "os.environ['HOME']", "open('/dev/null')", "dt.datetime.now()"):
        code = f"from tests.kernel.pure_session import *; seal(); {peek}"
        ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert "PermissionError: the kernel used" in ran.stderr


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "1"},
        {"PYTHONHASHSEED": "random"},
        {"TZ": "Pacific/Kiritimati"},
        {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
        {"PYTHONUTF8": "0", "LC_ALL": "C"},
    ],
    ids=str,
)
def test_no_environment_changes_a_byte(environment, expected):
    assert lines_of(**environment) == expected


@pytest.mark.parametrize("option", ["-O", "-OO", "-X dev"])
def test_no_option_of_the_interpreter_changes_a_byte(option, expected):
    """Without its asserts a kernel must behave the same: they state what is true anyway."""
    assert lines_of(options=option.split()) == expected
