"""Streaming indicators: one file a kind, all listed in registry.py."""
