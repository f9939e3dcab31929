"""What Prometheus sees: figures folded from the log, and figures measured on the running process."""
