"""Every kind's values against an implementation that nobody here wrote, after warm-up.

The tables are in the oracles_*.py files beside this one: which library, how it is called, and how close the two must
come, with the reason. A kind that starts differently says after how many rows the start no longer shows.
"""

import importlib
import pkgutil

import numpy as np
import pytest

from tests.kernel import indicators
from tests.kernel.indicators.oracle import Oracle
from tests.kernel.indicators.series import real, run, synthetic

MODULES = [m.name for m in pkgutil.iter_modules(indicators.__path__) if m.name.startswith("oracles_")]
ORACLES: list[Oracle] = [
    oracle for name in MODULES for oracle in importlib.import_module(f"{indicators.__name__}.{name}").ORACLES
]
every = pytest.mark.parametrize("oracle", ORACLES, ids=lambda o: f"{o.kind}-{o.output}-{o.library}")


def compared(oracle, columns):
    ours = run(oracle.kind, columns, inputs=oracle.inputs(columns), **oracle.params)[oracle.output]
    theirs = np.asarray(oracle.expected(columns), dtype=float)
    assert len(ours) == len(theirs)
    ours, theirs = ours[oracle.after :], theirs[oracle.after :]
    both = np.isfinite(theirs) & np.isfinite(ours)
    assert both.sum() >= 0.9 * len(theirs), "they hardly overlap"
    np.testing.assert_allclose(ours[both], theirs[both], rtol=oracle.rtol, atol=oracle.atol, err_msg=oracle.reason)


@every
def test_on_a_synthetic_market(oracle):
    compared(oracle, synthetic())


@every
def test_on_real_minutes(oracle):
    columns = real()
    if columns is None:
        pytest.skip("no recorded market data beside the checkout (../shared/data)")
    compared(oracle, columns)


def test_most_kinds_have_an_oracle():
    assert len({oracle.kind for oracle in ORACLES}) >= 40
