"""The reconciler: what the log says of orders and balances, beside what the venue says. It trusts neither."""

from collections.abc import Sequence

from kernel.errors import Unreconciled
from kernel.messages import OrderAccepted, OrderCanceled, OrderRejected, Report
from kernel.money import ZERO, canonical_text
from kernel.orders import OrderState
from service.session import Session
from venues.venue import AbsentFinal, Found

__all__ = ["check_reconciled", "differences", "resolve_unknown"]


async def check_reconciled(session: Session) -> None:
    """Errors: Unreconciled naming every difference."""
    found = await differences(session)
    if found:
        raise Unreconciled(
            f"the venue's account is not what the log says: {'; '.join(found)}",
            fix="look at both; `candled explain`, and the runbook's chapter on reconciliation",
        )


async def differences(session: Session) -> Sequence[str]:
    """Every difference between state and venue, in words. To be asked between turns, when nothing is under way."""
    state, theirs = session.kernel.state, await session.venue.account_snapshot()
    found = []
    for asset in sorted({*state.balances, *theirs.balances}):
        ours, other = state.balances.get(asset, ZERO), theirs.balances.get(asset, ZERO)
        if ours != other:
            found.append(f"{asset} is {canonical_text(ours)} in the log and {canonical_text(other)} at the venue")
    sent = {session.sent[number]: order.state for number, order in state.orders.items() if number in session.sent}
    live = {name for name, known in sent.items() if known is not OrderState.UNKNOWN}
    there = set(theirs.open_orders) - (sent.keys() - live)  # one that is unknown may be there or not
    found += [f"order {name} is live in the log and not open at the venue" for name in sorted(live - there)]
    found += [f"order {name} is open at the venue and not live in the log" for name in sorted(there - live)]
    return found


async def resolve_unknown(session: Session) -> int:
    """Ask after every order of which no usable answer came, and turn what is found out; gives how many are still open.

    An order that is absent at this moment may still arrive: it stays unknown, and counts as live. One that is to be
    canceled may never have arrived: the cancel found nothing to end, and told nobody.
    """
    left = 0
    for number, order in list(session.kernel.state.orders.items()):
        unknown = order.state is OrderState.UNKNOWN
        if not unknown and (order.state is not OrderState.CANCELING or number not in session.sent):
            continue
        report = await _found_out(session, number)
        if report is not None and (unknown or isinstance(report, OrderRejected)):
            await session.message(report)
        else:
            left += unknown
    return left


async def _found_out(session: Session, number: int) -> Report | None:
    state = session.kernel.state
    outcome = await session.venue.query(session.sent[number])
    if isinstance(outcome, AbsentFinal):
        return OrderRejected(state.ts, state.ordinal, number, "absent")
    if not isinstance(outcome, Found):
        return None
    if outcome.status in ("canceled", "expired", "rejected"):
        return OrderCanceled(state.ts, state.ordinal, number, outcome.status)
    return OrderAccepted(state.ts, state.ordinal, number, outcome.venue_order_id)
