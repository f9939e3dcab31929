"""The declared features: one file a group or a few of them, found by themselves (index.py)."""
