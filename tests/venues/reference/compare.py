"""One case, told to both venues: the first place where they differ, and the smallest case that differs."""

import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from kernel.errors import CandledError
from kernel.messages import CandleClosed, InstantClosed
from tests.venues.reference.desks import ReferenceDesk, SimulatedDesk
from tests.venues.reference.drawn import Cancel, Case, Step
from venues.simulation import SimulatedVenueConfig

BREAKS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError, CandledError)


def told(desk: ReferenceDesk | SimulatedDesk, step: Step) -> Any:
    """Its answer and reports; if it breaks, how."""
    try:
        return _told(desk, step)
    except BREAKS:
        return traceback.format_exc(limit=-3)


def _told(desk: ReferenceDesk | SimulatedDesk, step: Step) -> Any:
    if isinstance(step, CandleClosed):
        return desk.candle(step)
    if isinstance(step, InstantClosed):
        return desk.instant(step)
    return desk.cancel(step.order) if isinstance(step, Cancel) else desk.submit(step)


def difference(case: Case, make: Any = SimulatedDesk) -> str | None:
    """Where `make`'s venue and the reference part, in words; None where they agree to the end."""
    terms = (case.config, case.instruments, case.account)
    detail = case.detail if case.detail.rows else None
    desk = make(*terms, seed=case.seed, detail=detail)
    reference = ReferenceDesk(*terms, seed=case.seed, detail=detail)
    for n, step in enumerate(case.steps):
        expected, got = told(reference, step), told(desk, step)
        if got != expected:
            return f"at step {n}:\n  venue     {got}\n  reference {expected}"
        for what in ("balances", "open_orders"):
            expected, got = getattr(reference, what)(), getattr(desk, what)()
            if got != expected:
                return f"{what} after step {n}:\n  venue     {got}\n  reference {expected}"
    return None


def smallest(case: Case, make: Any = SimulatedDesk) -> Case:
    """A case that still differs, and from which nothing can be taken away."""
    found: Case | None = case
    while found is not None:
        case = found
        found = next((smaller for smaller in smaller_cases(case) if difference(smaller, make)), None)
    return case


def smaller_cases(case: Case) -> Iterator[Case]:
    count = len(case.steps)
    for size in (count // 2, count // 4, 2, 1):
        for start in range(count - size + 1) if size else ():
            yield replace(case, steps=case.steps[:start] + case.steps[start + size :])
    usual = SimulatedVenueConfig()
    for name in usual.__struct_fields__:
        if getattr(case.config, name) != getattr(usual, name):
            yield replace(case, config=msgspec.structs.replace(case.config, **{name: getattr(usual, name)}))
    if case.detail.rows:
        yield replace(case, detail=type(case.detail)({}))
    plain = {"time_in_force": "gtc", "expires_at": 0, "post_only": False, "reduce_only": False, "group": 0, "parent": 0}
    for n, step in enumerate(case.steps):
        for name, value in plain.items():
            if getattr(step, name, value) != value:
                simpler = msgspec.structs.replace(step, **{name: value})
                yield replace(case, steps=(*case.steps[:n], simpler, *case.steps[n + 1 :]))


def shown(case: Case) -> str:
    """The case in words: what is not usual about the venue, the account, and every step."""
    usual = SimulatedVenueConfig()
    settings = {name: getattr(case.config, name) for name in usual.__struct_fields__}
    lines = [f"{name} = {value}" for name, value in settings.items() if value != getattr(usual, name)]
    lines += [f"{i.symbol}: tick {i.tick}, lot {i.lot}, min_notional {i.min_notional}" for i in case.instruments]
    account = case.account
    lines.append(f"{account.kind} {account.leverage}: { {a: str(b) for a, b in account.balances.items()} }")
    return "\n".join([*lines, *(f"{n:3} {_step(case, step)}" for n, step in enumerate(case.steps))])


def _step(case: Case, step: Step) -> str:
    if isinstance(step, CandleClosed):
        rows = case.detail.inside(step.symbol, step.open_time, step.ts)
        prices = [p / 10 for p in (step.open, step.high, step.low, step.close, step.volume)]
        return f"{step.symbol} opens {step.open_time // 1_000_000_000} s: {prices} {[list(r[1:]) for r in rows] or ''}"
    if isinstance(step, Cancel):
        return f"cancel {step.order}"
    if isinstance(step, InstantClosed):
        return "the instant is over"
    extra = [
        f"{name}={getattr(step, name)}"
        for name in step.__struct_fields__[9:]
        if getattr(step, name) not in (None, 0, False, "gtc")
    ]
    sent = f"at {step.ts // 1_000_000_000} s"
    return (
        f"#{step.order} {step.strategy} {step.symbol} {step.side} {step.quantity} {step.kind} {sent} {' '.join(extra)}"
    )
