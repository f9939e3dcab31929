"""The comparison's own modules are scripts: they know each other by the folder they are in."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks" / "peers"))
