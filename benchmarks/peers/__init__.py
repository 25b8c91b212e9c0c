"""The same two graphs in other engines, one a file.

Each offers `NAME`, `chain(size)` and `fan(size)`: what they return is awaited for one run, whose
answer is that of `benchmarks.graphs`. A peer that is not installed is not imported.
"""
