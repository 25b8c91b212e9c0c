"""Errors out of the groups that task groups wrap them in."""

from __future__ import annotations

from ciranda.errors import CirandaError

__all__ = ["leaves", "plainest"]


def plainest(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the one error of ours in a group, else the group."""
    mine = [leaf for leaf in leaves(group) if isinstance(leaf, CirandaError)]
    return mine[0] if mine else group


def leaves(error: BaseException) -> list[BaseException]:
    """Return the errors in a group of groups; an error by itself as the only one."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]
