"""Several validators agree on what was decided, and anybody can check it."""
