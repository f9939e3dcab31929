"""What a group of tasks failed with, as the one error that its user must know."""

from collections.abc import Iterator

from kernel.errors import CandledError, Fenced, LogCorrupt

__all__ = ["gravest"]

_GRAVE = (LogCorrupt, Fenced, CandledError)


def gravest(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    """The gravest of the errors in a group: the others often follow from it."""
    leaves = list(_leaves(failed))
    for kind in _GRAVE:
        for leaf in leaves:
            if isinstance(leaf, kind):
                return leaf
    return leaves[0]


def _leaves(failed: BaseException) -> Iterator[BaseException]:
    if isinstance(failed, BaseExceptionGroup):
        for inner in failed.exceptions:
            yield from _leaves(inner)
    else:
        yield failed
