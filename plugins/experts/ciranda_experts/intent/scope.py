"""The names of one intent: what was declared, what was met, and their sorts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from . import limits
from .error import FaultKind, IntentError
from .tokens import shown
from .tree import Literal, Sort, Term, Variable

__all__ = ["RESERVED", "Scope"]

RESERVED: Final = frozenset({"and", "or", "not", "true", "false"})
_STATES: Final = ("old_", "new_")


class Scope:
    """Variables by name.

    Args:
        declared: Sorts of the declared variables; without any, every name is an integer.
        accounts: Names whose `old_X` and `new_X` exist without being declared.
    """

    __slots__ = ("_accounts", "_declared", "names", "sorts")

    def __init__(
        self, declared: Mapping[str, Sort] | None = None, accounts: Collection[str] = ()
    ) -> None:
        self._declared: Final = dict(declared or {})
        self._accounts: Final = accounts
        self.sorts: Final = dict(self._declared)
        # What the parser looks up first. Names of functions are kept apart: what they are depends
        # on the parenthesis after them.
        self.names: Final[dict[str, Term]] = {
            "true": Literal(True, Sort.BOOL),
            "false": Literal(False, Sort.BOOL),
        }

    def variable(self, name: str, *, keep: bool = True) -> Variable:
        """Return the variable of this name, which is new to the scope.

        Args:
            name: As written.
            keep: Whether the parser finds it by itself from now on.

        Raises:
            IntentError: It is not declared, too long, or one too many.
        """
        if len(name) > limits.NAME:
            message = f"the name `{shown(name)}` is longer than {limits.NAME:,} characters"
            raise IntentError(FaultKind.LIMIT, f"{message}: choose a shorter one")
        sort = self._sort(name)
        if name not in self.sorts:
            self.sorts[name] = sort
            if len(self.sorts) > limits.VARIABLES:
                message = f"there are more than {limits.VARIABLES} variables"
                raise IntentError(FaultKind.LIMIT, f"{message}: split the intent")
        variable = Variable(name, sort)
        if keep:
            self.names[name] = variable
        return variable

    def _sort(self, name: str) -> Sort:
        declared = self._declared
        if name in declared:
            return declared[name]
        if name.startswith(_STATES):
            subject = name[4:]
            if subject in declared:
                return declared[subject]
            if subject in self._accounts:
                return Sort.INT
        if not declared:
            return Sort.INT
        from ciranda.workflow.nearest import nearest  # only a mistake needs it

        meant = nearest(name, declared)
        advice = f"did you mean `{shown(meant)}`?" if meant else "declare it there, with its sort"
        message = f"`{shown(name)}` is not among the declared `vars`: {advice}"
        raise IntentError(FaultKind.UNKNOWN_NAME, message)
