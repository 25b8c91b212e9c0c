"""One task of a plan, from plain data."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from ciranda.expressions import ExpressionError, compile as compiled
from ciranda.workflow.written import shown

from .faults import FaultKind
from .fields import Fields
from .loading import UNSHOWN, Source
from .plan import FREE, Cost, Kind, Success, Task

__all__ = ["DEFAULT_ESTIMATE", "UNITS", "read_task", "says_id"]

DEFAULT_ESTIMATE: Final = 1.0  # seconds of a task that has work and no estimate
UNITS: Final = ("requests", "input_tokens", "output_tokens")
MOST_RETRIES: Final = 100

_FIELDS: Final = frozenset((
    "id", "title", "description", "tags", "needs", "deps", "uses", "with", "command", "behaviour",
    "kind", "estimate", "duration_ms", "cost", "resources", "priority", "success", "contingency",
    "validates", "timeout", "timeout_ms", "deadline", "deadline_ms", "retries",
))  # fmt: skip
# Most tasks have only these, which are looked at without ceremony.
_PLAIN: Final = frozenset(("id", "deps", "needs", "duration_ms", "kind"))
_KINDS: Final = {"io": Kind.IO, "cpu": Kind.CPU}
_BEHAVIOUR: Final = re.compile(r"sleep|burn|fail|hang|fail_times:[0-9]{1,6}")
_MARKED: Final = re.compile(r"\s*\$\{\{(.*)\}\}\s*", re.DOTALL)
_LONGEST_ID: Final = 200
_DAY: Final = 86_400_000


def says_id(value: Any) -> str | None:
    """Return what is wrong with an id, or None."""
    if not isinstance(value, str):
        return f"an id is text, not {shown(value)}" + "; quote it" * (value is not None)
    if not value.strip():
        return "an id cannot be empty"
    if value != value.strip():
        return f"the id {shown(value)} begins or ends with a blank"
    if len(value) > _LONGEST_ID:
        return f"an id has at most {_LONGEST_ID} characters, not {len(value):,}"
    if UNSHOWN.search(value):
        return f"the id {shown(value)} holds a character that cannot be shown"
    return None


def read_task(source: Source, data: Any, at: int) -> Task | None:
    """Return a task, or note what is wrong with it.

    What could be read is returned even if something is wrong, so that its needs are checked too.

    Args:
        source: Takes the faults.
        data: The task as written.
        at: Its place in the list.
    """
    where = ("tasks", at)
    if not isinstance(data, dict):
        message = f"task {at + 1} must be a mapping such as {{id: build}}, not {shown(data)}"
        source.add(FaultKind.INVALID_TASK, "", where, message)
        return None
    name: Any = data.get("id")
    if wrong := says_id(name):
        source.add(FaultKind.INVALID_ID, "", (*where, "id"), f"task {at + 1}: {wrong}")
        name = ""
    fields = Fields(source, data, where, f"task `{name}`" if name else f"task {at + 1}", name)
    needs = data.get("deps")
    if needs and type(needs) is list and "needs" not in data and _told(needs):
        needs = tuple(needs)
    else:
        needs = _needs(fields)
    kind = data.get("kind", "io")
    if not isinstance(kind, str) or kind not in _KINDS:
        fields.choice("kind", _KINDS, FaultKind.INVALID_KIND)
        kind = "io"
    estimate = data.get("duration_ms")
    if type(estimate) is not int or not 0 <= estimate <= _DAY or "estimate" in data:
        estimate = _estimate(fields)
    else:
        estimate /= 1000
    if data.keys() <= _PLAIN:
        return Task(name, needs=needs, kind=_KINDS[kind], estimate=estimate)
    fields.known(_FIELDS)
    validates = _unique(fields.texts("validates", FaultKind.INVALID_DEPS) or ())
    uses, command, behaviour = _work(fields)
    inputs = data.get("with", {})
    if not isinstance(inputs, dict):
        fields.fault(
            FaultKind.INVALID_WORK, "with", f"`with` must be a mapping, not {shown(inputs)}"
        )
    elif "with" in data and "uses" not in data:
        fields.fault(FaultKind.INVALID_WORK, "with", "`with` is for an action: write `uses` too")
    return Task(
        id=name,
        title=fields.text("title") or "",
        description=fields.text("description") or "",
        needs=_unique((*needs, *validates)) if validates else needs,
        uses=uses,
        with_=inputs if isinstance(inputs, dict) else {},
        command=command,
        behaviour=behaviour,
        kind=_KINDS[kind],
        estimate=estimate,
        cost=_cost(fields),
        resources=_resources(fields),
        priority=fields.count("priority", FaultKind.INVALID_FIELD, least=-1_000_000) or 0,
        success=_success(fields),
        contingency=fields.text("contingency", FaultKind.INVALID_CONTINGENCY),
        validates=validates,
        timeout=fields.time("timeout"),
        deadline=fields.time("deadline"),
        retries=fields.count("retries", FaultKind.INVALID_FIELD, most=MOST_RETRIES) or 0,
    )


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names)) if len(names) > 1 else names


def _told(needs: list[Any]) -> bool:
    """Whether these are texts, and each of them once."""
    return set(map(type, needs)) == {str} and len(set(needs)) == len(needs)


def _needs(fields: Fields) -> tuple[str, ...]:
    name = fields.one_of("needs", "deps", FaultKind.INVALID_DEPS)
    written = fields.texts(name, FaultKind.INVALID_DEPS) if name else None
    if not name or not written:
        return ()
    needs = _unique(written)
    if len(needs) != len(written):
        for need, times in Counter(written).items():
            if times > 1:
                message = f"{fields.subject} needs `{need}` {times} times: once is enough"
                where = (*fields.where, name)
                fields.source.warn(FaultKind.DUPLICATE_DEPENDENCY, fields.task, where, message)
    return needs


def _estimate(fields: Fields) -> float:
    data = fields.data
    name = fields.one_of("estimate", "duration_ms", FaultKind.INVALID_DURATION)
    if name is not None:
        return fields.seconds(name, zero=True) or 0.0
    if not any(map(data.get, ("uses", "command", "behaviour", "title", "description"))):
        message = "has neither work nor an estimate: write `estimate: 2s`, or `uses` or `command`"
        fields.fault(FaultKind.INVALID_DURATION, "id", message)
    return DEFAULT_ESTIMATE


def _work(fields: Fields) -> tuple[str | None, tuple[str, ...] | None, str | None]:
    data = fields.data
    given = [name for name in ("uses", "command", "behaviour") if name in data]
    if len(given) > 1:
        message = f"`{given[0]}` and `{given[1]}` both say what its work is: keep one"
        fields.fault(FaultKind.INVALID_WORK, given[1], message, key=True)
    uses = fields.text("uses", FaultKind.INVALID_WORK)
    behaviour = data.get("behaviour")
    if "behaviour" in data and not (isinstance(behaviour, str) and _BEHAVIOUR.fullmatch(behaviour)):
        message = "must be `sleep`, `burn`, `fail`, `hang` or `fail_times:2`"
        text = f"`behaviour` {message}, not {shown(behaviour)}"
        fields.fault(FaultKind.INVALID_BEHAVIOUR, "behaviour", text)
        behaviour = None
    return uses, _command(fields), behaviour


def _command(fields: Fields) -> tuple[str, ...] | None:
    value = fields.data.get("command")
    if "command" not in fields.data:
        return None
    if isinstance(value, str):
        try:
            words = tuple(shlex.split(value))
        except ValueError as error:
            message = f"`command` cannot be split into words: {str(error).lower()}"
            fields.fault(FaultKind.INVALID_WORK, "command", message)
            return None
    else:
        words = fields.texts("command", FaultKind.INVALID_WORK) or ()
        if not isinstance(value, list) or len(words) != len(value):
            return None
    if not words or not words[0].strip() or any("\0" in word for word in words):
        fields.fault(FaultKind.INVALID_WORK, "command", "`command` must begin with a program")
        return None
    return words


def _cost(fields: Fields) -> Cost:
    value = fields.data.get("cost")
    if "cost" not in fields.data:
        return FREE
    if not isinstance(value, dict):
        message = f"`cost` must be a mapping such as {{requests: 1}}, not {shown(value)}"
        fields.fault(FaultKind.INVALID_COST, "cost", message)
        return FREE
    inner = Fields(
        fields.source, value, (*fields.where, "cost"), f"{fields.subject}: `cost`", fields.task
    )
    inner.known(UNITS)
    return Cost(*(inner.count(unit, FaultKind.INVALID_COST) or 0 for unit in UNITS))


def _resources(fields: Fields) -> Mapping[str, int]:
    value = fields.data.get("resources")
    if not isinstance(value, dict):
        return dict(Counter(fields.texts("resources", FaultKind.INVALID_RESOURCE) or ()))
    inner = Fields(
        fields.source,
        value,
        (*fields.where, "resources"),
        f"{fields.subject}: `resources`",
        fields.task,
    )
    units = {name: inner.count(name, FaultKind.INVALID_RESOURCE, least=1) for name in value}
    return {name: count for name, count in units.items() if count}


def _success(fields: Fields) -> Success | None:
    value = fields.data.get("success")
    if "success" not in fields.data:
        return None
    kind = FaultKind.INVALID_SUCCESS
    if isinstance(value, str):
        value = {"expression": value}
    if not isinstance(value, dict) or not value:
        message = "such as {exit_code: 0} or {file: out.txt}, or an expression"
        text = f"`success` must be a mapping {message}, not {shown(value)}"
        fields.fault(kind, "success", text)
        return None
    inner = Fields(
        fields.source,
        value,
        (*fields.where, "success"),
        f"{fields.subject}: `success`",
        fields.task,
    )
    inner.known(("exit_code", "schema", "file", "expression"))
    return Success(
        exit_code=inner.count("exit_code", kind, most=255),
        schema=_schema(inner, value),
        file=inner.text("file", kind),
        expression=_expression(inner),
    )


def _schema(fields: Fields, written: Mapping[str, Any]) -> dict[str, Any] | None:
    schema = written.get("schema")
    if "schema" not in written:
        return None
    wrong = f"must be a JSON Schema, not {shown(schema)}"
    if isinstance(schema, dict):
        from jsonschema_rs import ValidationError, validator_for  # slow to load, and rarely needed

        try:
            validator_for(schema)
        except ValidationError as error:
            wrong = f"is no JSON Schema: {error.message}"
        except ValueError as error:
            wrong = f"is no JSON Schema: {error}"
        else:
            return schema
    fields.fault(FaultKind.INVALID_SUCCESS, "schema", f"`schema` {wrong}")
    return None


def _expression(fields: Fields) -> str | None:
    """Return an expression, without the marks that set it off from text in a workflow."""
    text = fields.text("expression", FaultKind.INVALID_SUCCESS)
    if text is None:
        return None
    if found := _MARKED.fullmatch(text):
        text = found[1]
    try:
        names = {each.root for each in compiled(text).references} - {"result"}
    except ExpressionError as error:
        fields.fault(FaultKind.INVALID_SUCCESS, "expression", f"`expression`: {error}")
        return text
    if names:
        wrong = f"`expression`: {shown(min(names))} is not known: `result` is what the task gave"
        fields.fault(FaultKind.INVALID_SUCCESS, "expression", wrong)
    return text
