"""Proofs, on recorded candles, that a feature has one value, however, from where, and in whose company it is made."""
