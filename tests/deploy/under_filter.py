"""Runs a program under the system-call filter of a unit, as systemd would: `python under_filter.py UNIT PROGRAM ...`.

The filter is made from the unit's own lines and from what `systemd-analyze syscall-filter` says its groups hold, and
put in place by libseccomp. What is refused gets EPERM, as the unit says.
"""

import ctypes
import errno
import os
import re
import subprocess
import sys
from pathlib import Path

ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
LIBRARY = "libseccomp.so.2"


def groups() -> dict[str, list[str]]:
    """What each group of system calls holds: names, and other groups."""
    told = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True
    )
    found: dict[str, list[str]] = {}
    for line in told.stdout.splitlines():
        if line.startswith("@"):
            found[line.strip()] = holds = []
        elif word := re.fullmatch(r"\s+([@\w-]+)", line):
            holds.append(word[1])
        elif line.startswith("# "):  # what the kernel has, and no group holds
            holds = []
    return found


def allowed(unit: Path) -> set[str]:
    """The system calls that a unit's `SystemCallFilter=` lines leave: the first names what is allowed, ~ takes away."""
    known = groups()

    def expanded(words: list[str]) -> set[str]:
        return {name for word in words for name in (expanded(known[word]) if word.startswith("@") else {word})}

    left = expanded(["@default"])
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit.read_text(), re.MULTILINE):
        words = line.removeprefix("~").split()
        left = left - expanded(words) if line.startswith("~") else left | expanded(words)
    return left


def apply(names: set[str]) -> None:
    """Refuse every other system call, in this process and in whatever it becomes."""
    library = ctypes.CDLL(LIBRARY, use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p
    ]  # fmt: skip
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    context = library.seccomp_init(REFUSE)
    for name in sorted(names):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0 and library.seccomp_rule_add_array(context, ALLOW, number, 0, None) != 0:
            raise OSError(f"no rule for {name}")
    if (failed := library.seccomp_load(context)) != 0:  # with no_new_privs, libseccomp's default
        raise OSError(-failed, "the filter was not taken")


if __name__ == "__main__":
    apply(allowed(Path(sys.argv[1])))
    os.execvp(sys.argv[2], sys.argv[2:])
