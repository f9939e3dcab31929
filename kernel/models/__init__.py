"""Models: from feature values to a prediction. A rule is a model too. All are listed in registry.py."""
