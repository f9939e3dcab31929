"""What an operator orders, as the kernel's commands; and what became of it, as an answer.

`ts` and `after` are the kernel loop's to set.
"""

from collections.abc import Callable

from aiohttp import web

from kernel.codec import encode
from kernel.errors import UsageError
from kernel.events import CommandRefused
from kernel.messages import (
    CancelAllOrders,
    CancelOrder,
    ChangeLimits,
    Command,
    SetTradingState,
    SwitchFeatureGroup,
    TradingState,
)
from kernel.money import pinned
from service.api.desk import Asked, Desk
from service.api.modules import groups_of
from service.api.refusal import HEADERS, Refused
from service.api.requests import Acting, CancelAll, FeatureSwitch, Flatten, NewLimits, Trading, limits_of
from service.daemon.handle import Ordered

__all__ = ["cancel", "cancel_all", "carried_out", "change_limits", "flatten", "set_state", "switch_features"]

Order = Callable[[Desk, Asked], Command]


def set_state(state: TradingState) -> Order:
    """Pause, resume or reduce."""

    def order(_desk: Desk, asked: Asked) -> Command:
        body: Trading = asked.body
        return SetTradingState(
            0, 0, state, body.strategy, flatten=False, actor=_actor(asked, body.actor), key=asked.key
        )

    return order


def flatten(_desk: Desk, asked: Asked) -> Command:
    """Everything back to cash, and nothing after it until somebody resumes. Errors: Refused, unless it is confirmed."""
    body: Flatten = asked.body
    if not body.confirm:
        raise Refused(
            400,
            "not_confirmed",
            "this closes positions at the market, and was not confirmed",
            fix='send {"confirm": true}',
        )
    return SetTradingState(0, 0, "halted", body.strategy, flatten=True, actor=_actor(asked, body.actor), key=asked.key)


def cancel_all(_desk: Desk, asked: Asked) -> Command:
    """Cancel live orders."""
    body: CancelAll = asked.body
    return CancelAllOrders(0, 0, body.strategy, body.symbol, _actor(asked, body.actor), asked.key)


def cancel(_desk: Desk, asked: Asked) -> Command:
    """Cancel one order."""
    body: Acting = asked.body
    return CancelOrder(0, 0, asked.word, _actor(asked, body.actor), asked.key)


def change_limits(_desk: Desk, asked: Asked) -> Command:
    """Other limits."""
    body: NewLimits = asked.body
    return ChangeLimits(0, 0, body.strategy, limits_of(body.limits), _actor(asked, body.actor), asked.key)


def switch_features(desk: Desk, asked: Asked) -> Command:
    """A group of features on or off. Errors: Refused for a group that no strategy has."""
    body: FeatureSwitch = asked.body
    known = groups_of(desk.modules)
    if asked.word not in known:
        there = f"there are: {', '.join(known)}" if known else "no strategy here has features of a group"
        raise Refused(404, "no_such_group", f"no strategy computes a group of features {asked.word!r}", fix=there)
    return SwitchFeatureGroup(0, 0, asked.word, body.enabled, _actor(asked, body.actor), asked.key)


async def carried_out(desk: Desk, command: Command) -> web.Response:
    """Have it turned, and say what became of it. Errors: Refused, by the kernel or for a key that is taken."""
    try:
        ordered = await desk.order(command)
    except UsageError as error:
        raise Refused(409, "key_reused", str(error), fix=error.fix) from None
    for event in ordered.events:
        if isinstance(event, CommandRefused):
            what = f"refused (record {ordered.seq}): {event.reason}; {event.detail}"
            raise Refused(
                409, event.reason, what, fix="`candled status`, GET /modules and GET /orders tell what there is"
            )
    return answered(ordered)


def answered(ordered: Ordered) -> web.Response:
    """200 once it is in the log; 202 as long as it is in the spool."""
    with pinned():
        body = encode(ordered)
    status = 200 if ordered.durable == "log" else 202
    return web.Response(body=body, status=status, content_type="application/json", headers=HEADERS)


def _actor(asked: Asked, said: str) -> str:
    return f"{asked.actor}:{said}" if said else asked.actor
