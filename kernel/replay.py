"""Replay: the recorded messages, in the order in which they were turned, through a fresh kernel."""

from collections.abc import Iterable, Iterator

from kernel.messages import LoggedMessage, MarketMessage, Message

__all__ = ["in_processing_order"]


def in_processing_order(market: Iterable[MarketMessage], logged: Iterable[LoggedMessage]) -> Iterator[Message]:
    """Put logged messages back between the market messages that they followed, by their `after` ordinals.

    `market` is the dataset's stream, `logged` the log's messages in seq order.
    """
    pending = iter(logged)
    following = next(pending, None)
    for ordinal, message in enumerate(market):
        while following is not None and following.after == ordinal:
            yield following
            following = next(pending, None)
        yield message
    while following is not None:
        yield following
        following = next(pending, None)
