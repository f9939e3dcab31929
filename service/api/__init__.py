"""The control API: who runs the daemon asks it how it stands, and tells it what to do."""
