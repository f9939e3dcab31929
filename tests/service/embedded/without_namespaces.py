"""Run a command as root where the system refuses any further user namespace (as a container engine may)."""

import ctypes
import os
import sys
from pathlib import Path

inside, outside = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    if ctypes.CDLL(None).unshare(0x10000000) != 0:
        sys.exit("no user namespace to begin with")
    os.write(outside[1], b".")
    os.read(inside[0], 1)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    os.execv(sys.argv[1], sys.argv[1:])
os.read(outside[0], 1)
for kind in ("uid", "gid"):
    Path(f"/proc/{child}/{kind}_map").write_text("0 0 65536")
os.write(inside[1], b".")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
