"""Council."""
