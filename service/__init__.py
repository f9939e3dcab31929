"""The runtime around the kernel: the log and its homes, backtest and replay, the command line."""
