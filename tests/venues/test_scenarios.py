"""The tables in `scenarios`, one case each by its title, against the simulated venue and against the reference.

How to read and write them stands in `reference/transcript.py`; a line `! name=value` sets up the venue or the account.
"""

from pathlib import Path

import pytest

from tests.venues.reference.desks import ReferenceDesk, SimulatedDesk
from tests.venues.reference.transcript import Transcript

TABLES = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


def cases():
    for table in TABLES:
        for case in table.read_text().split("\n# ")[1:]:
            title, *lines = case.strip().splitlines()
            settings = [word.split("=") for line in lines if line.startswith("!") for word in line[1:].split()]
            text = "\n".join(line for line in lines if not line.startswith("!"))
            yield pytest.param(text, dict(settings), id=f"{table.stem}: {title}")


@pytest.mark.parametrize("make", [SimulatedDesk, ReferenceDesk], ids=["venue", "reference"])
@pytest.mark.parametrize(("text", "settings"), list(cases()))
def test_scenario(make, text, settings):
    script = Transcript(make, text, settings)
    assert list(script.play()) == script.lines
