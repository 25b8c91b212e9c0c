"""The one expression language of workflow files and `.q` templates.

It reads plain data only, changes nothing, and every evaluation is bounded.
"""

from .dialect import Q_CONDITION, YAML, Dialect, Q
from .error import ExpressionError
from .expression import Expression, compile  # noqa: A004 - the word that `re` uses
from .function import Function
from .references import Reference
from .schema import Schema
from .secret import Secret
from .stored import Stored
from .template import Template, compile_template

__all__ = [
    "Q_CONDITION",
    "YAML",
    "Dialect",
    "Expression",
    "ExpressionError",
    "Function",
    "Q",
    "Reference",
    "Schema",
    "Secret",
    "Stored",
    "Template",
    "compile",
    "compile_template",
]
