"""The outside behind one interface: recorded markets and venues that take orders."""
