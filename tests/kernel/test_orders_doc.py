"""docs/orders.md is made from the order table: `python tests/kernel/test_orders_doc.py` writes it, a test compares."""

from pathlib import Path

from kernel.evolve import _ENDED_KEPT
from kernel.orders import TERMINAL, TRANSITIONS, OrderState, Trigger

DOC = Path(__file__).resolve().parents[2] / "docs" / "orders.md"

TEXT = """\
# The life of an order

Made from the table in `kernel/orders.py`; `python tests/kernel/test_orders_doc.py` writes this page anew.

```mermaid
stateDiagram-v2
    [*] --> requested
{arrows}
```

Reports that change nothing are left out of the picture, not out of the table: every state answers every trigger, with
the state that comes next, or with a refusal (`-`). A report that is refused becomes a `ReportRefused` event, and
nothing is booked on it. A fill is `filled` when it completes the quantity, else `partly_filled`; one that repeats a
trade, or is more than was ordered, is refused in every state. What contradicts the order puts it into quarantine: its
strategy enters that market no more before an operator has looked. A repeated trade contradicts nothing.

- **unknown** is a state, not an error: the venue gave no usable answer, so the order may be live and counts as live.
- **canceling** orders can still be filled: a wish to cancel travels, and fills may cross it.
- {ends} are ends. What comes later by a slower way is still heard: an
  acceptance after its own fills changes nothing, and a fill of an order that was canceled or expired is booked, while
  the order stays ended. The newest {kept} ended orders are remembered; a report of an older one is refused.

{table}
"""


def diagram() -> str:
    """One arrow for each pair of states, with everything that leads along it."""
    lines = []
    for state, answers in TRANSITIONS.items():
        for target in OrderState:
            triggers = [trigger for trigger, becomes in answers.items() if becomes is target is not state]
            if triggers:
                lines.append(f"    {state} --> {target}: {', '.join(triggers)}")
    lines += [f"    {state} --> [*]" for state in OrderState if state in TERMINAL]
    return "\n".join(lines)


def table() -> str:
    """A row for each state, a column for each trigger."""
    rows = [["", *Trigger], ["---"] * (len(Trigger) + 1)]
    rows += [[f"**{state}**", *(TRANSITIONS[state][trigger] or "-" for trigger in Trigger)] for state in OrderState]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def page() -> str:
    ends = [f"**{state}**" for state in OrderState if state in TERMINAL]
    return TEXT.format(arrows=diagram(), table=table(), kept=_ENDED_KEPT, ends=f"{', '.join(ends[:-1])} and {ends[-1]}")


def test_the_page_says_what_the_table_does():
    assert DOC.read_text(encoding="utf-8") == page(), "run: python tests/kernel/test_orders_doc.py"


if __name__ == "__main__":
    DOC.write_text(page(), encoding="utf-8")
