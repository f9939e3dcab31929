"""Shannon entropy of the directions in which an input moved: how far ups and downs are from a pattern.

Each move is written as 1 (up) or 0 (not up); `word` moves in a row are a word, and words overlap. The entropy of the
words that ended on the last `period` candles is divided by their length.
Input: one float a candle. Output: bits a move, 0 (always the same word) to 1 (every word as often). Warm-up: `period`
+ `word` inputs. Cost: O(1) in `period`: a table holds c * log(c) for every count.
Edges: constant prices give 0; NaN while a NaN or infinite input is in the window. The last bit of a logarithm may
differ between machines.
Forgets: after exactly `period` + `word` inputs.
Source: the plug-in estimator on binary returns, M. Lopez de Prado, Advances in Financial Machine Learning, 18.2-18.3.
"""

from math import log, nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole

__all__ = ["KIND"]

_TABLE = 2  # f: the input before, log of the number of words there can be, then c * log(c) of c = 0, 1, ... `period`
_WORD, _HEAD, _NONE, _MOVES, _CODE, _COUNTS = 1, 2, 3, 4, 5, 6  # n: period first; a count for each word; the words


def room(period: int, word: int) -> tuple[int, int]:
    """See the names above."""
    return _TABLE + period + 1, _COUNTS + (1 << word) + period


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int, word: int) -> None:
    """No input yet: a window of words that are none."""
    f[i] = nan
    f[i + 1] = log(2.0) * word
    for count in range(2, period + 1):
        f[i + _TABLE + count] = count * log(float(count))
    n[j], n[j + _WORD], n[j + _NONE] = period, word, period
    for k in range(period):
        n[j + _COUNTS + (1 << word) + k] = -1


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Let the word that ends in `x` in and the oldest one out."""
    word, before = n[j + _WORD], f[i]
    f[i] = x
    if x - x == 0.0 and before - before == 0.0:
        n[j + _CODE] = (2 * n[j + _CODE] + (1 if x > before else 0)) & ((1 << word) - 1)
        if n[j + _MOVES] < word:
            n[j + _MOVES] += 1
    else:
        n[j + _MOVES] = 0
    place = j + _COUNTS + (1 << word) + n[j + _HEAD]
    n[j + _HEAD] = n[j + _HEAD] + 1 if n[j + _HEAD] + 1 < n[j] else 0
    if n[place] >= 0:
        n[j + _COUNTS + n[place]] -= 1
    else:
        n[j + _NONE] -= 1
    if n[j + _MOVES] == word:
        n[place] = n[j + _CODE]
        n[j + _COUNTS + n[place]] += 1
    else:
        n[place] = -1
        n[j + _NONE] += 1


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """log(period) less the mean of the counts' logarithms, by the most that it can be."""
    if n[j + _NONE] > 0:
        return nan
    period = n[j]
    total = 0.0
    for k in range(1 << n[j + _WORD]):
        total += f[i + _TABLE + n[j + _COUNTS + k]]
    return float((f[i + _TABLE + period] - total) / period / f[i + 1])


KIND = Kind(
    name="entropy",
    inputs=("close",),
    parameters={"period": Whole(8, default=60), "word": Whole(1, 4, 3)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period, word: period + word)},
    memory="window",
)
