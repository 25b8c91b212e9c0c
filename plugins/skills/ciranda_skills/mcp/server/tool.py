"""A script of a skill as a tool: what it is called, what it takes, what it is run with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ...format import Skill
from ...running import Parameters, parameters_of

__all__ = ["Order", "Tool", "tool_of"]

# For a script that says nothing of its parameters.
_WORDS: Final = Parameters(
    {
        "type": "object",
        "properties": {
            "args": {
                "type": "array",
                "items": {"type": "string"},
                "description": "What follows the script on its command line.",
            },
            "stdin": {"type": "string", "description": "What it reads on standard input."},
        },
        "additionalProperties": False,
    }
)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a script is run with: words and text, or parameters by name."""

    args: tuple[str, ...] = ()
    stdin: bytes | None = None
    params: dict[str, Any] | None = None


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """One script, offered.

    Attributes:
        name: What clients call it.
        skill: Name of its skill.
        script: Path from the skill's folder.
        description: What the skill does, and which of its scripts this is.
        takes: Its own parameters; None for words and text.
    """

    name: str
    skill: str
    script: str
    description: str
    takes: Parameters | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of an object: what a call may hold."""
        return {**(self.takes or _WORDS).schema, "type": "object"}

    def order(self, arguments: Mapping[str, Any]) -> Order:
        """Return what to run the script with, defaults filled in.

        Raises:
            SkillError: The arguments do not fit the schema.
        """
        if self.takes is not None:
            return Order(params=self.takes.fill(arguments, self.script))
        given = _WORDS.fill(arguments, self.script)
        text = given.get("stdin")
        return Order(
            args=tuple(given.get("args", ())), stdin=None if text is None else text.encode()
        )


def tool_of(skill: Skill, script: str, name: str) -> Tool:
    """Return a script as a tool.

    Raises:
        SkillError: What should be the schema of its parameters is none.
    """
    takes = parameters_of(skill, script)
    about = skill.description
    if len(skill.scripts) > 1:
        about = f"{about}\n\nThis is its script `{script}`."
    return Tool(
        name=name,
        skill=skill.name,
        script=script,
        description=about,
        takes=takes if takes is not None and _has_names(takes.schema) else None,
    )


def _has_names(schema: Mapping[str, Any]) -> bool:
    """Tell whether anything can be given by name; `main()` of a script with argparse says no."""
    names = schema.get("properties")
    if isinstance(names, dict) and names:
        return not set(names) <= {"argv", "args"}
    return schema.get("additionalProperties", True) is not False
