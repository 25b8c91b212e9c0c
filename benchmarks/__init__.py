"""One file a figure: `python -m benchmarks.NAME` from the repository's root."""
