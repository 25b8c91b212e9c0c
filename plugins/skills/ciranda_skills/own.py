"""An action for each script of each skill that may run: `skills.csv_profile`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final

import msgspec

from ciranda.actions import Action, action
from ciranda.context import Context
from ciranda.errors import StepError
from ciranda.settings import project_root

from .disclosure import Catalogue, Entry
from .error import SkillError
from .finder import Finder
from .format import Skill
from .mcp.server.tool import Order, Tool, tool_of
from .opened import Opened, open_skills
from .running import script_of
from .settings import SkillsSettings
from .shelf import Shelf
from .stepping import ERRORS, Ask, Ran, check_closed, check_pure, performed

__all__ = ["Content", "own_actions"]

_WORD: Final = re.compile(r"[a-z_][a-z0-9_]*")
_TAKEN: Final = "skills.run"


def own_actions(settings: SkillsSettings, finder: Finder | None = None) -> list[Action]:
    """Return the actions of all skills of the project in the current folder.

    The main script of a skill has the skill's name with `_` for `-`, others their own after it.
    Names that no action can have, and of two scripts with one name both, are left to `skills.run`.

    Args:
        settings: The project's.
        finder: Finds skills when one is called; None is one of their own.

    Raises:
        SkillError: The user's trust cannot be relied upon.
    """
    shelf = Shelf(project_root(Path.cwd()), settings.roots)
    finder = finder or Finder(settings.roots)
    catalogue = shelf.catalogue()
    found: dict[str, Action | None] = {_TAKEN: None}
    for entry in catalogue.entries:
        for name, tool in _tools(shelf, catalogue, entry):
            found[name] = None if name in found else _action(name, tool, shelf, settings, finder)
    return [each for each in found.values() if each is not None]


def _tools(
    shelf: Shelf, catalogue: Catalogue, entry: Entry
) -> Iterator[tuple[str, Tool | Untrusted]]:
    """Yield the scripts of a skill by the names of their actions.

    Of a skill that may not run only the names are there: steps that use them say why not.
    """
    try:
        skill = catalogue.load(entry.name)
        allowed = shelf.allows(entry)
    except SkillError:
        return  # `ciranda skills list` says why
    main = _main(skill)
    for script in skill.scripts:
        words = [skill.name, *(() if script == main else _words(script))]
        name = ".".join(["skills", *(word.replace("-", "_") for word in words)])
        if all(_WORD.fullmatch(word) for word in name.split(".")):
            if not allowed:
                yield name, Untrusted(skill.name, script)
                continue
            try:
                yield name, tool_of(skill, script, name)
            except SkillError:
                continue  # what should be its schema is none; `skills.run` says it when it runs


def _main(skill: Skill) -> str | None:
    try:
        return script_of(skill, None)
    except SkillError:
        return None


def _words(script: str) -> tuple[str, ...]:
    path = PurePosixPath(script.removeprefix("scripts/"))
    return tuple(part.lower() for part in path.with_suffix("").parts)


@dataclasses.dataclass(frozen=True, slots=True)
class Untrusted:
    """A script that may not run as it is now."""

    skill: str
    script: str


@dataclasses.dataclass(frozen=True, slots=True)
class Content:
    """What the answers of a script depend on besides its inputs: all files of its skill.

    Attributes:
        skill: Its name.
    """

    skill: str
    _project: Path
    _settings: SkillsSettings
    _finder: Finder

    def __call__(self) -> str:
        """Return it as a digest.

        Raises:
            ValueError: The skill does not promise to be pure, or its network is open.
            SkillError: It cannot be read, or may not run.
        """
        check_closed(self._settings, None)
        held = self._finder.find(self.skill, self._project)
        check_pure(held.skill)
        return held.content


def _action(
    name: str, tool: Tool | Untrusted, shelf: Shelf, settings: SkillsSettings, finder: Finder
) -> Action:
    content = Content(tool.skill, shelf.project, settings, finder)

    # The content says what a script does; this package only runs it.
    @action(name, errors=ERRORS, fingerprint=content, version="1")
    async def run(
        order: Any = None,
        opened: Annotated[Opened | None, open_skills] = None,
        ctx: Context | None = None,
    ) -> Ran:
        """Run the script."""
        assert opened is not None  # the engine sees to it
        assert isinstance(order, Order)
        ask = Ask(
            skill=tool.skill,
            base=shelf.project,
            script=tool.script,
            args=order.args,
            stdin=order.stdin,
            params=order.params,
        )
        return await performed(ask, opened, ctx)

    def bind(inputs: dict[str, Any]) -> dict[str, Any]:
        try:
            known = tool if isinstance(tool, Tool) else _trusted(tool, name, shelf)
        except SkillError as error:
            raise StepError(error.kind, f"{error}.", retryable=False) from error
        try:
            return {"order": known.order(inputs)}
        except SkillError as error:
            raise StepError("invalid-input", f"{error}.", retryable=False) from error

    if isinstance(tool, Untrusted):
        said = f"Not trusted: look at the skill, then `ciranda skills trust {tool.skill}`."
        return msgspec.structs.replace(run, bind=bind, input_schema={"type": "object"}, doc=said)
    schema = _checkable(tool.schema)
    described = {
        key: str(each["description"])
        for key, each in schema["properties"].items()
        if isinstance(each, dict) and "description" in each
    }
    return msgspec.structs.replace(
        run, bind=bind, input_schema=schema, doc=_doc(tool.description), parameter_docs=described
    )


def _trusted(script: Untrusted, name: str, shelf: Shelf) -> Tool:
    """Return a script of a skill that was not trusted when actions were listed, if it is by now.

    Raises:
        TrustError: It is not.
        SkillError: It cannot be read.
    """
    return tool_of(shelf.load(script.skill)[0], script.script, name)


def _doc(description: str) -> str:
    """Return a description whose first sentence stands alone, as lists of actions show it."""
    first, stop, rest = description.partition(". ")
    return f"{first}.\n\n{rest}" if stop else first


def _checkable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that a workflow file is checked by: one object, without references.

    What is left out is checked when the step runs.
    """
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    plain = {str(key): {} if _refers(each) else each for key, each in known.items()}
    required = schema.get("required", [])
    found: dict[str, Any] = {"type": "object", "properties": plain}
    if isinstance(required, list) and required:
        found["required"] = [key for key in required if "default" not in plain.get(key, {})]
    if schema.get("additionalProperties") is False and "patternProperties" not in schema:
        found["additionalProperties"] = False
    return found


def _refers(value: Any) -> bool:
    if isinstance(value, dict):
        return any(str(key).startswith("$") or _refers(each) for key, each in value.items())
    if isinstance(value, list):
        return any(map(_refers, value))
    return False
