"""Risk: what may be sent, how much is at stake, and what takes trading back when too much was lost."""
