"""The workflow file: YAML with positions, its model, its static checks."""

from __future__ import annotations

__all__ = ["load"]


def __getattr__(name: str) -> object:
    if name != "load":
        raise AttributeError(f"module 'ciranda.workflow' has no attribute {name!r}")
    from importlib import import_module

    return import_module("ciranda.workflow.load")  # `import ciranda` is all that people write
