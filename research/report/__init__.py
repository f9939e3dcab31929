"""What a run did, folded from its log: figures, warnings, a page, tables."""
