"""Which solver checks proofs here: validators with another one may come to another answer."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["installed_solver", "strange"]


def installed_solver() -> str:
    """Return the name and version of the solver, such as `z3 4.13.0.0`; "" without one."""
    try:
        return f"z3 {version('z3-solver')}"
    except PackageNotFoundError:
        return ""


def strange(bound: str, installed: str) -> str:
    """Return why proofs must not be checked here; "" if they may.

    Args:
        bound: The solver that the epoch is bound to; "" for none.
        installed: The one that is here.
    """
    if not bound or bound == installed:
        return ""
    here = f"{installed} is here" if installed else "none is here"
    return (
        f"this epoch checks proofs with {bound}, and {here}: install that version, or begin "
        "an epoch with another one"
    )
