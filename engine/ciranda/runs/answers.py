"""Whether an answer to a step that asks for approval counts.

Asked before it is posted, and again when it is received: two may answer at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ciranda.errors import InputError
from ciranda.events import ApprovalGiven, StepWaits
from ciranda.runs.messages import Answered
from ciranda.workflow.fitting import surely_fits
from ciranda.workflow.nearest import nearest
from ciranda.workflow.violation import says, violations

__all__ = ["COMMENT", "accepted", "by_default"]

COMMENT: Final = "comment"  # a field of every form: a text that may be left out
_COMMENT_SCHEMA: Final[dict[str, Any]] = {"type": "string", "default": ""}


def accepted(
    run: str, asked: StepWaits | None, answer: Answered, before: ApprovalGiven | None = None
) -> dict[str, Any]:
    """Return the filled-in form of an answer that counts.

    Who rejects need not fill in the form; what is filled in has to fit.

    Args:
        run: The run's id, for messages.
        asked: What the step waits for, if it waits.
        answer: What somebody said.
        before: What was said before, if it counted.

    Raises:
        InputError: It does not count; one sentence says why.
    """
    step = f"step `{answer.path}` of run {run}"
    if before is not None:
        done = "approved" if before.approved else "rejected"
        raise InputError(f"{step} was {done} by {before.by} already: the first answer counts")
    if asked is None:
        raise InputError(
            f"{step} does not wait for approval: `ciranda show {run}` tells what it does"
        )
    if asked.what != "approval":
        raise InputError(f"{step} waits for {_named(asked)}, not for approval")
    if not answer.by:
        raise InputError(f"nobody is named who answers {step}: write `--as NAME`")
    if asked.who and answer.by not in asked.who:
        raise InputError(
            f"`{answer.by}` may not answer {step}: {_listed(asked.who)} may "
            "(`--as NAME` says who you are)"
        )
    return _filled(step, asked.form, answer)


def by_default(asked: StepWaits, given: Any) -> dict[str, Any]:
    """Return the answer that counts when nobody has answered in time, with all its fields.

    Args:
        asked: What the step waits for.
        given: Its `default`, evaluated.

    Raises:
        InputError: It is no answer, or does not fit the form.
    """
    step = f"step `{asked.path}`"
    approved = given.get("approved") if isinstance(given, dict) else None
    if not isinstance(approved, bool):
        raise InputError(f"the default of {step} must say `approved: true` or `approved: false`")
    form = given.get("form")
    said = Answered(path=asked.path, approved=False, by="", form=form or {})
    filled = _filled(step, asked.form, said)
    return {"by": None, "at": None, **given, "form": filled}


def _named(asked: StepWaits) -> str:
    return f"the event `{asked.event}`" if asked.what == "event" else "a time"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _filled(step: str, form: Mapping[str, Any], answer: Answered) -> dict[str, Any]:
    fields = {COMMENT: _COMMENT_SCHEMA, **form}
    problems = []
    for name in answer.form:
        if name not in fields:
            meant = nearest(name, form)
            hint = f"did you mean `{meant}`?" if meant else f"it has {', '.join(form) or 'none'}"
            problems.append(f"the form of {step} has no field `{name}`; {hint}")
    filled = {}
    for name, schema in fields.items():
        if name in answer.form:
            filled[name] = answer.form[name]
            problems += _problems(step, name, schema, filled[name])
        elif isinstance(schema, dict) and "default" in schema:
            if name != COMMENT or COMMENT in form:
                filled[name] = schema["default"]
        elif answer.approved:
            problems.append(f"the form of {step} needs `{name}`: write `--set {name}=...`")
    if problems:
        raise InputError("\n".join(problems))
    return filled


def _problems(step: str, name: str, schema: Any, value: Any) -> list[str]:
    if surely_fits(value, schema):
        return []
    from jsonschema_rs import Draft202012Validator  # slow to load

    try:
        validator = Draft202012Validator(json.loads(json.dumps(schema)))
    except (TypeError, ValueError) as error:
        return [f"the field `{name}` of {step} is declared wrongly: {error}"]
    for wrong in violations(validator, value):
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in wrong.path)
        return [f"the field `{name}{where}` of {step} {says(wrong)}"]
    return []
