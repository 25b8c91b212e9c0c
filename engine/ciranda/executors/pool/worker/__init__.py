"""What runs inside a worker process; imports the standard library and msgspec only.

A worker loads this folder as the package `ciranda_worker.pool.worker`, so that starting one never
imports `ciranda` itself: modules here use relative imports, and nothing of the engine but
`descendants`, which stands alone.
"""
