"""Templates in `.q` files, compiled to Python: state, control flow, functions and HTML."""

from .error import QuantumError
from .escape import Trusted
from .library import Library
from .limits import Limits
from .run import Host
from .template import Result, Template, compile  # noqa: A004 - the word that `re` uses

__all__ = ["Host", "Library", "Limits", "QuantumError", "Result", "Template", "Trusted", "compile"]
