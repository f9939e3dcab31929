"""Batch features: the declared features as a Hamilton graph over whole datasets, and what is fitted on them."""
