"""The canonical bytes of messages and events, and the way back. What is hashed is exactly what is encoded here.

A payload is JSON without spaces: the type's name first, then its fields in declared order, decimals as strings.
"""

from typing import Any

import msgspec

from kernel import events, messages
from kernel.errors import UsageError

__all__ = ["EVENT_TYPES", "MESSAGE_TYPES", "decode", "encode", "schema_version"]

MESSAGE_TYPES: dict[str, type[msgspec.Struct]] = {t.__name__: t for t in messages.Message.__args__}
EVENT_TYPES: dict[str, type[msgspec.Struct]] = {t.__name__: t for t in events.Event.__args__}

# Prints a Decimal by the ambient context's `capitals`: call it inside `money.pinned()`.
encode = msgspec.json.Encoder(decimal_format="string").encode

_DECODERS: dict[tuple[str, int], msgspec.json.Decoder[Any]] = {
    (name, t.schema_version): msgspec.json.Decoder(t)  # type: ignore[attr-defined]
    for name, t in (MESSAGE_TYPES | EVENT_TYPES).items()
}


def schema_version(type_name: str) -> int:
    """The version in which records of this type are written today."""
    return (MESSAGE_TYPES | EVENT_TYPES)[type_name].schema_version  # type: ignore[attr-defined,no-any-return]


def decode(type_name: str, version: int, payload: bytes) -> Any:
    """The message or event of a record. Errors: UsageError for a type or version that this code does not know."""
    decoder = _DECODERS.get((type_name, version))
    if decoder is None:
        raise UsageError(
            f"the log holds {type_name} in schema version {version}, which this candled does not read",
            fix="use the candled that wrote it, or a newer one",
        )
    return decoder.decode(payload)
