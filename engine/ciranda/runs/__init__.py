"""A run: graph and scheduler (pure), runner (the effects), replay, leases and results."""
