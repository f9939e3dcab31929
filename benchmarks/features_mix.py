"""Which features the benchmarks declare: sets of as many nodes as one likes."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import count

import msgspec

from kernel.features.catalogue.index import catalogue
from kernel.features.declaration import Feature, checked, feature
from kernel.features.plan import Plan, make_plan
from kernel.features.resolve import needed
from kernel.indicators.kind import Whole
from kernel.indicators.registry import kind_named

MINUTE_NS = 60_000_000_000
Maker = Callable[[int], tuple[Feature, ...]]


def _one(kind: str) -> Maker:
    return lambda k: (feature(f"{kind}_{5 + 2 * k}", kind, period=5 + 2 * k),)


def _two(kind: str, first: str, second: str) -> Maker:
    def make(k: int) -> tuple[Feature, ...]:
        period = 5 + 2 * k
        names = (first, second)
        return tuple(feature(f"{kind}_{name}_{period}", kind, output=name, period=period) for name in names)

    return make


def _macd(k: int) -> tuple[Feature, ...]:
    params = {"fast": 5 + k, "slow": 12 + 2 * k, "signal": 9}
    return tuple(feature(f"macd_{name}_{5 + k}", "macd", output=name, **params) for name in ("line", "signal"))


def _stochastic(k: int) -> tuple[Feature, ...]:
    period = 5 + 2 * k
    params = {"period": period, "smooth": 1, "signal": 3}
    return tuple(feature(f"stochastic_{name}_{period}", "stochastic", output=name, **params) for name in ("k", "d"))


EMA, RSI, ATR, ROC, VWAP, ADX = map(_one, ("ema", "rsi", "atr", "roc", "vwap", "adx"))
BOLLINGER, DONCHIAN = _two("bollinger", "upper", "lower"), _two("donchian", "upper", "lower")

# In every thirty nodes 6 EMA, 3 RSI, 3 ATR, 4 Bollinger, 2 MACD, 3 stochastic, 2 Donchian, 3 ROC, 2 VWAP, 2 ADX.
USUAL: Sequence[Maker] = (
    EMA, RSI, ATR, BOLLINGER, _macd, _stochastic, EMA, ROC, DONCHIAN, VWAP,
    EMA, RSI, ATR, BOLLINGER, ADX, _stochastic, EMA, ROC, BOLLINGER, _macd,
    EMA, RSI, ATR, BOLLINGER, DONCHIAN, _stochastic, EMA, ROC, VWAP, ADX,
)  # fmt: skip
SHARED: Sequence[Maker] = (EMA, RSI, ATR, BOLLINGER, _macd, _stochastic)  # what the other libraries have as well


def mix(nodes: int, makers: Sequence[Maker] = USUAL) -> tuple[Feature, ...]:
    """So many indicators in turn, each kind with ever longer periods. 150 of USUAL have 205 outputs."""
    found: list[Feature] = []
    made = dict.fromkeys(makers, 0)
    for node in range(nodes):
        maker = makers[node % len(makers)]
        found += maker(made[maker])
        made[maker] += 1
    return tuple(found)


def catalogued(nodes: int) -> tuple[tuple[Feature, ...], Plan]:
    """Features of the catalogue in a shuffled order, then with other parameters, until their plan has so many nodes.

    A feature may need several nodes, so there may be one or two fewer. Those that read another symbol are left out.
    """
    known = {f.name: f for f in catalogue()}
    alone = [
        f for f in known.values() if not any(":" in text for g in needed(known.values(), [f.name]) for text in g.inputs)
    ]
    wanted = sorted(alone, key=lambda f: sha256(f.name.encode()).hexdigest())
    for turn in count(1):
        declared = (*known.values(), *wanted[len(alone) :])
        whole = plan_of(declared, wanted)
        if len(whole.nodes) >= nodes:
            break
        wanted += [_longer(f, turn) for f in wanted[: len(alone)]]
    low, high = 1, len(wanted)  # the more features, the more nodes
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(plan_of(declared, wanted[:middle]).nodes) <= nodes else (low, middle - 1)
    return declared, plan_of(declared, wanted[:low])


def plan_of(declared: Sequence[Feature], wanted: Sequence[Feature]) -> Plan:
    """The plan of features over minutes."""
    return make_plan(declared, [f.name for f in wanted], MINUTE_NS)


def _longer(declared: Feature, turn: int) -> Feature:
    """The same with its whole-number parameters a little larger: another node, where it has any."""
    kind = kind_named(declared.kind)
    params = dict(checked(declared).params)
    for name, bounds in kind.parameters.items():
        if isinstance(bounds, Whole):
            params[name] = min(bounds.high, params[name] + turn)
    return msgspec.structs.replace(declared, name=f"{declared.name}_plus_{turn}", params=params)
