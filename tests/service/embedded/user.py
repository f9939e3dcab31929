"""A user of the embedded server, as a program: joins, says in one line what it got, stays until its stdin ends."""

import json
import sys
from pathlib import Path

from kernel.errors import DatabaseUnavailable
from service.embedded.client import join

try:
    with join(Path(sys.argv[1])) as server:
        print(json.dumps({"url": server.url("candled_admin")}), flush=True)
        sys.stdin.read()
except DatabaseUnavailable as error:
    print(json.dumps({"error": str(error), "fix": error.fix}), flush=True)
