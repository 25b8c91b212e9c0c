"""Text that may be passed on and written into other text, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from .error import ExpressionError


class Secret:
    """Opaque text; showing, comparing, measuring or testing it is a fault.

    Args:
        name: What the secret is called where it is declared.
        value: The text itself.
    """

    __slots__ = ("_value", "name", "parts")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self._value = value
        self.parts: tuple[str | Secret, ...] = (self,)

    @classmethod
    def join(cls, parts: Iterable[str | Secret]) -> Secret:
        """Return one secret text made of plain text and secrets, in order."""
        flat: list[str | Secret] = []
        for part in parts:
            flat += part.parts if isinstance(part, Secret) else (part,) if part else ()
        names = dict.fromkeys(part.name for part in flat if isinstance(part, Secret))
        joined = cls("+".join(names), "")
        joined.parts = tuple(flat)
        return joined

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the secrets within, each once."""
        return tuple(dict.fromkeys(part.name for part in self.parts if isinstance(part, Secret)))

    def reveal(self) -> str:
        """Return the text itself, for the one place that hands it to the outside."""
        if self.parts == ():
            return self._value
        return "".join(part if isinstance(part, str) else part._value for part in self.parts)  # noqa: SLF001 - its own kind

    def _refuse(self, *_: Any) -> NoReturn:
        message = f"the secret '{self.name}' can only be passed on or written into a text"
        raise ExpressionError("secret", message)

    def __repr__(self) -> str:
        return "***"

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: Any) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        self._refuse()

    def __hash__(self) -> int:  # noqa: PLE0309 - it has none to give
        self._refuse()

    def __eq__(self, other: object) -> bool:
        return True if other is self else self._refuse()

    def __format__(self, spec: str) -> str:
        return "***"

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __bool__ = __len__ = __contains__ = __iter__ = __getitem__ = _refuse
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = _refuse
    __int__ = __float__ = __index__ = _refuse
