"""What `ciranda plan` and `ciranda run --dry-run` say: what would run, in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ciranda.cli import screen
from ciranda.cli.stepnotes import limits, notes

if TYPE_CHECKING:
    from ciranda.cli.foresight import Foresight, Needed
    from ciranda.explaining import Foreseen, Part
    from ciranda.explaining.caching import CacheLook
    from ciranda.workflow.model import Step

__all__ = ["dry_run"]


def dry_run(file: str, inputs: Mapping[str, Any], *, form: str, store: str | None = None) -> None:
    """Check a workflow, resolve its inputs and print what would run when.

    Args:
        file: The workflow file.
        inputs: Values by name.
        form: `text` or `json`.
        store: The folder of the store as given, for history and cache.

    Raises:
        WorkflowError: It is faulty.
        InputError: An input does not fit.
    """
    from ciranda.cli.foresight import foresee
    from ciranda.cli.values import as_json

    seen = foresee(file, inputs, store)
    if form == "json":
        screen.out(as_json(_plain(seen)))
        return
    for line in _text(seen):
        screen.out(line)
    workflow = seen.outlook.workflow
    count = len(workflow.steps)
    screen.say(f"{workflow.name}: {count} step{'s' * (count != 1)}; nothing was run")


def _text(seen: Foresight) -> Iterator[str]:
    from ciranda.cli.values import cell, table

    workflow = seen.outlook.workflow
    for name, value in seen.inputs.items():
        yield f"input {name} ({workflow.inputs[name].type}) = {cell(value)}"
    for needed in seen.needed:
        yield f"{needed.kind} {needed.name} from {needed.source}{_there(needed)}"
    said = limits(workflow)
    if said:
        yield f"limits: {'; '.join(said)}"
    if seen.inputs or seen.needed or said:
        yield ""
    rows = list(_rows(seen.outlook.main, seen.cache, 0))
    for part in seen.outlook.handlers:
        rows += _block(part, seen.cache, 0)
    timed = any(row[4] for row in rows)
    titles = ("", "step", "does", "needs", "takes", "")
    keep = [place for place in range(len(titles)) if timed or titles[place] != "takes"]
    shown = [[row[place] for place in keep] for row in rows]
    yield from table([titles[place] for place in keep], shown)
    yield from _way(seen)


def _there(needed: Needed) -> str:
    if needed.there is None:
        return ""
    return ": there" if needed.there else ": MISSING"


Row = tuple[str, str, str, str, str, str]


def _rows(part: Part, cache: Mapping[str, CacheLook], depth: int) -> Iterator[Row]:
    told = ""
    for each in part.steps:
        yield (
            each.number if each.number != told else "",
            "  " * depth + each.step.id,
            does(each.step),
            ", ".join(each.needs),
            _takes(each),
            "; ".join((*notes(each.step), *_remarks(each, cache.get(each.path)))),
        )
        told = each.number
        for inner in each.parts:
            yield from _block(inner, cache, depth + 1)


def _block(part: Part, cache: Mapping[str, CacheLook], depth: int) -> Iterator[Row]:
    if part.title:
        yield ("", "  " * depth + part.title, "", "", "", part.when)
    yield from _rows(part, cache, depth + bool(part.title))


def _takes(each: Foreseen) -> str:
    from ciranda.observe.spoken import spoken

    if each.seconds is None:
        return ""
    return f"{spoken(each.seconds)}{'*' if each.critical else ''}"


def _remarks(each: Foreseen, look: CacheLook | None) -> Iterator[str]:
    if each.would == "skip":
        yield "would be skipped: it is false"
    elif each.would == "depends":
        yield f"depends on {each.why}"
    elif each.why:
        yield each.why
    if each.items:
        yield f"{each.items:,} item{'s' * (each.items != 1)}"
    if look is not None:
        from ciranda.observe.spoken import spoken

        age = f", {spoken(look.age)} old" if look.age is not None else ""
        yield f"cache: {look.state}{age}{f' ({look.note})' if look.note else ''}"


def _way(seen: Foresight) -> Iterator[str]:
    from ciranda.observe.spoken import spoken

    main, way = seen.outlook.main, seen.outlook.critical
    if not way or main.seconds is None:
        return
    least = "" if main.whole else "at least "
    yield ""
    yield f"* critical path: {' > '.join(one.path for one in way)}, {least}{spoken(main.seconds)}"
    unknown = [one.path for one in main.steps if one.seconds is None and one.would != "skip"]
    if unknown:
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""  # noqa: PLR2004 (a line)
        yield f"  nothing is known of how long these take: {', '.join(unknown[:5])}{more}"


def does(step: Step) -> str:
    """Return what a step does, in a few words."""
    from ciranda.cli.values import cell
    from ciranda.observe.visible import clip

    if step.body == "workflow":
        block = step.blocks.get("workflow")
        return f"workflow {step.uses}{' again' if block is not None and block.again else ''}"
    if step.body != "action":
        return _bodied(step)
    if step.uses != "program.run":
        return step.uses
    words = step.with_.get("argv") or step.with_.get("command") or ""
    text = words if isinstance(words, str) else " ".join(cell(word) for word in words)
    return clip(f"run {text}".replace("\n", " "), 48)


def _bodied(step: Step) -> str:
    from ciranda.cli.values import cell
    from ciranda.observe.visible import clip

    of = {"wait": "event", "emit": "event", "approve": "prompt", "fail": "kind"}.get(step.body)
    told = step.options.get(of) if of else step.options.get("for", step.options.get("duration"))
    word = "wait for" if step.body == "wait" else step.body
    return clip(f"{word} {cell(told)}" if told else word, 48)


def _plain(seen: Foresight) -> dict[str, Any]:
    outlook = seen.outlook
    main, workflow = outlook.main, outlook.workflow
    return {
        "workflow": workflow.name,
        "inputs": seen.inputs,
        "order": main.stages,
        "steps": {each.path: _plain_step(each, seen) for each in outlook.steps()},
        "critical": [each.path for each in outlook.critical],
        "seconds": main.seconds,
        "complete": main.whole,
        "needed": [
            {"name": one.name, "kind": one.kind, "source": one.source, "there": one.there}
            for one in seen.needed
        ],
        "limits": limits(workflow),
    }


def _plain_step(each: Foreseen, seen: Foresight) -> dict[str, Any]:
    look = seen.cache.get(each.path)
    return {
        "uses": each.step.uses,
        "does": does(each.step),
        "needs": each.needs,
        "notes": notes(each.step),
        "level": each.number,
        "would": each.would,
        "why": each.why,
        "items": each.items,
        "cache": None
        if look is None
        else {"state": look.state, "note": look.note, "age": look.age, "changed": look.changed},
        "seconds": each.seconds,
        "basis": each.basis,
        "critical": each.critical,
    }
