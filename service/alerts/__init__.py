"""What an operator is told, wherever he is."""
