"""The log: records chained by sha256, the two homes that keep them, and the proof that nobody touched them."""
