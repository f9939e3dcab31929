"""The long-running service around the kernel: `candled run`."""
