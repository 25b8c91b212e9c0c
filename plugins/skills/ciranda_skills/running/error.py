"""Why a script is not run, one class for each condition."""

from __future__ import annotations

from ..error import SkillError

__all__ = ["AmbiguousScriptError", "InterpreterError", "NoScriptError", "ParameterError"]


class AmbiguousScriptError(SkillError):
    """A skill has several scripts and nobody said which."""

    kind = "skills.ambiguous"


class InterpreterError(SkillError):
    """There is nothing to run a script with."""

    kind = "skills.interpreter"


class NoScriptError(SkillError):
    """A skill has no script, or none of this name."""

    kind = "skills.script"


class ParameterError(SkillError):
    """Parameters do not fit what a script takes."""

    kind = "skills.parameters"
