"""Reading `evals/evals.json`: the cases of a skill, or everything that is wrong with them.

The file is that of the wider ecosystem: `skill_name`, and `evals` with `id`, `prompt` and
`expected_output`. Such a case asks a model and is counted, not run. A case that names a script,
its input or an expectation is run, and held to a strict schema.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from jsonschema_rs import Draft202012Validator

from ciranda.errors import Fault
from ciranda.workflow.nearest import nearest
from ciranda.workflow.violation import Violation, says, violations

from ..error import MissingResourceError, SkillError
from ..format import Skill
from ..resources import read_resource, resolve
from ..running import Status, script_of
from .case import Case, Evals, Expect, Text
from .error import EvalsError
from .positions import Document, Path, read_document
from .schema import CASE, RUNNABLE, validator_of

__all__ = ["EVALS_FILE", "read_evals"]

EVALS_FILE: Final = "evals/evals.json"
_LARGEST: Final = 4 << 20
_MOST: Final = 1000
_ASKS: Final = ("prompt", "query", "question", "input")


def read_evals(skill: Skill) -> Evals:
    """Return the cases of a skill.

    Raises:
        MissingResourceError: It has no evals.
        EvalsError: They cannot be understood; says everything that is wrong, with its place.
        SkillError: The file cannot be read.
    """
    try:
        data = read_resource(skill.root, EVALS_FILE, limit=_LARGEST)
    except MissingResourceError:
        said = f"the skill `{skill.name[:80]}` has no {EVALS_FILE}: there is nothing to test"
        raise MissingResourceError(said) from None
    document = read_document(data, str(skill.root / EVALS_FILE))
    reader = _Reader(skill, document)
    cases = tuple(reader.cases())
    if reader.faults:
        raise EvalsError(tuple(sorted(reader.faults, key=lambda each: (each.line, each.column))))
    return Evals(cases)


class _Reader:
    """Collects the faults of one file."""

    def __init__(self, skill: Skill, document: Document) -> None:
        self.faults: Final[list[Fault]] = []
        self._skill: Final = skill
        self._document: Final = document
        self._validator: Final = Draft202012Validator(CASE)

    def cases(self) -> Iterator[Case]:
        names: set[str] = set()
        for number, (path, raw) in enumerate(self._listed(), 1):
            if not isinstance(raw, dict):
                self._fault(path, "a case must be a mapping")
                continue
            name = str(raw.get("id", raw.get("name", f"#{number}")))
            if name in names:
                self._fault(path, f"there is another case `{name[:80]}`: give each its own `id`")
            names.add(name)
            if RUNNABLE.isdisjoint(raw):
                if any(isinstance(raw.get(word), str) for word in _ASKS):
                    yield Case(name=name, model=True)
                else:
                    said = f"the case `{name[:80]}` runs nothing: give it a `script` or `expect`"
                    self._fault(path, said)
                continue
            before = len(self.faults)
            for error in violations(self._validator, raw):
                self._told(path, error)
            if len(self.faults) == before:
                yield self._case(path, name, raw)

    def _listed(self) -> list[tuple[Path, Any]]:
        value = self._document.value
        path: Path = ()
        if isinstance(value, dict):
            own = value.get("skill_name", self._skill.name)
            if own != self._skill.name:
                said = f"`skill_name` must be `{self._skill.name[:80]}`, the name of the skill"
                self._fault(("skill_name",), said)
            value, path = value.get("evals"), ("evals",)
        if not isinstance(value, list):
            self._fault(path, "there is no list of cases: write `evals`, a list")
            return []
        if len(value) > _MOST:
            self._fault(path, f"there are more than {_MOST:,} cases")
            return []
        return [((*path, number), raw) for number, raw in enumerate(value)]

    def _fault(self, path: Path, message: str, hint: str = "") -> None:
        self.faults.append(self._document.fault(path, message, hint=hint))

    def _told(self, path: Path, error: Violation) -> None:
        where = (*path, *error.path)
        name = f"`{_dotted(error.path)}`" if error.path else "the case"
        if error.keyword == "additionalProperties":
            known = _known(error)
            for key in error.about["unexpected"]:
                meant = nearest(key, known)
                hint = f"did you mean `{meant}`?" if meant else ""
                self._fault((*where, key), f"{name} has no key `{key[:80]}`", hint)
        elif error.keyword == "required":
            self._fault(where, f"{name} needs `{error.about['property']}`")
        else:
            self._fault(where, f"{name} {says(error)}")

    def _case(self, path: Path, name: str, raw: dict[str, Any]) -> Case:
        return Case(
            name=name,
            script=self._script(path, raw),
            args=tuple(str(each) for each in raw.get("args", ())),
            stdin=self._stdin(path, raw),
            params=raw.get("params"),
            env=raw.get("env", {}),
            files=self._files(path, raw.get("files", {})),
            timeout=float(raw.get("timeout", Case(name="").timeout)),
            expect=self._expect(path, raw.get("expect", {})),
        )

    def _script(self, path: Path, raw: dict[str, Any]) -> str | None:
        script: str | None = raw.get("script")
        if script in raw.get("files", {}):
            return script  # the case brings it
        try:
            return script_of(self._skill, script)
        except SkillError as error:
            self._fault((*path, "script"), str(error))
            return None

    def _stdin(self, path: Path, raw: dict[str, Any]) -> bytes | None:
        if "stdin_file" in raw:
            if "stdin" in raw:
                self._fault((*path, "stdin_file"), "`stdin` and `stdin_file` exclude each other")
            return self._resource((*path, "stdin_file"), raw["stdin_file"])
        given = raw.get("stdin")
        if given is None or isinstance(given, str):
            return None if given is None else given.encode(errors="surrogatepass")
        return json.dumps(given, ensure_ascii=False).encode(errors="surrogatepass")

    def _resource(self, path: Path, relative: str) -> bytes | None:
        try:
            return read_resource(self._skill.root, relative)
        except SkillError as error:
            self._fault(path, str(error))
            return None

    def _files(self, path: Path, given: Any) -> dict[str, bytes]:
        if isinstance(given, list):  # what the case names is there already
            for number, relative in enumerate(given):
                try:
                    resolve(self._skill.root, relative)
                except SkillError as error:
                    self._fault((*path, "files", number), str(error))
            return {}
        found = {}
        for name, content in given.items():
            try:
                found[name] = (
                    content.encode()
                    if isinstance(content, str)
                    else base64.b64decode(content["base64"], validate=True)
                )
            except ValueError as error:
                self._fault((*path, "files", name), f"the content of `{name[:80]}`: {error}")
        return found

    def _expect(self, path: Path, raw: dict[str, Any]) -> Expect:
        schema = raw.get("json_schema")
        if schema is not None:
            try:
                validator_of(schema)
            except ValueError as error:
                said = str(error).partition("\n")[0]
                self._fault((*path, "expect", "json_schema"), f"it is no JSON Schema: {said}")
        code = raw.get("exit_code")
        status = raw.get("status", None if code else Status.OK)
        return Expect(
            status=None if status is None else Status(status),
            exit_code=code,
            stdout=_text(raw.get("stdout", {})),
            stderr=_text(raw.get("stderr", {})),
            json=raw.get("json", msgspec.UNSET),
            json_schema=schema,
        )


def _text(raw: Any) -> Text:
    if isinstance(raw, str):
        return Text(equals=raw)
    return Text(
        equals=raw.get("equals"),
        contains=_several(raw.get("contains", ())),
        lacks=_several(raw.get("lacks", ())),
    )


def _several(raw: Any) -> tuple[str, ...]:
    return (raw,) if isinstance(raw, str) else tuple(raw)


def _known(error: Violation) -> list[str]:
    """Return the keys that the schema knows where another one was written."""
    here: Any = CASE
    for part in error.schema_path[:-1]:
        here = here[part]
    return list(here.get("properties", ()))


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
