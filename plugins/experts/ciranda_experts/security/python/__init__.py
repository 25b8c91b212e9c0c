"""Attack patterns in Python."""
