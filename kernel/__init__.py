"""The deterministic core: messages in, events out. It does no I/O, reads no clock and rolls no dice."""
