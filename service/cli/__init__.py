"""The command line: verbs, options, tables and exit codes. Part of the composition root."""
