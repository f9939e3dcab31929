"""What prepares a run: datasets, and later features, labels, models and experiments."""
