"""Importing: market data files in, one immutable dataset out. Read importer.py first; it calls the rest in order."""
