"""The decisions digest of a log, from the log itself."""

from hashlib import sha256

from kernel.codec import EVENT_TYPES
from service.log.store import LogReader

__all__ = ["decisions_digest"]


async def decisions_digest(reader: LogReader, stream: str) -> str:
    """sha256 over every derived event's type, schema version, ts and payload: equal in every mode, store and adapter.

    It is what `Chain.decisions` comes to while it writes the same records. Errors: NotFound.
    """
    digest = sha256()
    async for batch in reader.records(stream):
        for record in batch:
            if record.type in EVENT_TYPES:
                head = f"{record.type} {record.schema_version} {record.ts} ".encode()
                digest.update(head + record.payload + b"\n")
    return digest.hexdigest()
