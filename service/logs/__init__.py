"""The program's own log: one JSON line an event, without secrets, and never in the way of the event loop."""
