"""Errors out of the groups that task groups wrap them in."""

from __future__ import annotations

from ciranda.errors import CirandaError

__all__ = ["leaves", "plainest", "sentence"]


def plainest(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the one error of ours in a group, else the group."""
    mine = [leaf for leaf in leaves(group) if isinstance(leaf, CirandaError)]
    return mine[0] if mine else group


def leaves(error: BaseException) -> list[BaseException]:
    """Return the errors in a group of groups; an error by itself as the only one."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


def sentence(error: BaseException) -> str:
    """Return what the first of errors says, ours by itself, others' after the name of their class.

    Whoever wrote its class may have made a mistake too.
    """
    first = leaves(error)[0]
    name = type(first).__name__
    try:
        text = str(first)
    except Exception as broken:  # of another author's code
        return f"{name} (its text raises {type(broken).__name__})"
    if isinstance(first, CirandaError):
        return text
    return f"{name}: {text}" if text else name
