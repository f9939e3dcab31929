"""Two ways of knowing the future: a scan that reads the next row, and bars that are there when they have only begun."""

import numpy as np

from research.features.nodes import Scanner
from research.features.sources import Source, bars
from service.compiled import as_arrays, compiled_scan


def peeking(kinds):
    """The compiled scan; of these kinds, over inputs that are a row ahead."""

    def scan_of(kind, outputs):
        scan = compiled_scan(kind, outputs)

        def scan_ahead(f, n, i, j, wanted, outs, *inputs):
            ahead = [np.append(column[1:], column[-1]) for column in inputs]
            scan(f, n, i, j, wanted, outs, *ahead)

        return scan_ahead if kind.name in kinds else scan

    return Scanner(scan_of, as_arrays)


def open_bars(market, length_ns):
    """Bars with all that will be in them, from their first candle on."""
    closed = bars(market, length_ns)
    opened = market.block.open_time
    began = np.unique(opened - opened % length_ns, return_index=True)[1]
    lost = len(began) - len(closed.moments)  # the first, or the last, are not closed
    first = 0 if opened[0] % length_ns == 0 else 1
    return Source(2 * began[first : len(began) - lost + first] + 1, closed.columns)
