"""Attack patterns in languages other than Python."""
