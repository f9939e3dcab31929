"""Matching orders against candles, exactly: the parts of the simulated venue, one idea a file."""
