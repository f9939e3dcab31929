"""Features: declared once, compiled twice (a hot path row by row, columns for blocks and batches)."""
