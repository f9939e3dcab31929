"""Whether the daemon of this container trades: exit code 0 when /readyz says so. Needs the standard library alone.

It asks the daemon that became ready last, at the address that it wrote into its stream's directory.
"""

import http.client
import json
import os
import socket
import sys
from pathlib import Path

TIMEOUT_S = 4


class OverSocket(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket, whatever host was named."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self._path)


def readiness(data_dir: Path) -> tuple[bool, str]:
    """Whether it is ready, and what it says."""
    endpoints = sorted((data_dir / "streams").rglob("endpoint.json"), key=lambda path: path.stat().st_mtime)
    if not endpoints:
        return False, f"no daemon was ready in {data_dir}"
    address = json.loads(endpoints[-1].read_text())["api"]
    if address.startswith("unix:"):
        connection: http.client.HTTPConnection = OverSocket(address.removeprefix("unix:"))
    else:
        connection = http.client.HTTPConnection(address, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status == http.client.OK, answer.read(4096).decode(errors="replace")
    finally:
        connection.close()


def main() -> int:
    """Ask, tell, and give the exit code."""
    try:
        ready, said = readiness(Path(os.environ.get("CANDLED_DATA_DIR", "candled-data")))
    except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
        ready, said = False, f"{type(error).__name__}: {error}"
    sys.stdout.write(f"{said}\n")
    return 0 if ready else 1


if __name__ == "__main__":
    sys.exit(main())
