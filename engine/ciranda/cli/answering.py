"""Approve or reject what a run waits for: what both commands do."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ciranda.cli import completing, options, screen

if TYPE_CHECKING:
    from ciranda.events import ApprovalGiven, StepWaits
    from ciranda.runs.waits import Waits
    from ciranda.store import Log

__all__ = ["answer", "answer_options"]

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def answer_options(function: Decorated) -> Decorated:
    """Add what both commands take."""
    for decorate in reversed(
        (
            options.run_argument,
            click.argument(
                "step",
                metavar="[STEP]",
                required=False,
                callback=options.not_empty,
                shell_complete=completing.asking_steps,
            ),
            click.option(
                "--as",
                "by",
                metavar="NAME",
                help="Who answers.  [default: the name that you are logged in by]",
            ),
            click.option(
                "--set",
                "fields",
                multiple=True,
                metavar="FIELD=VALUE",
                help="A field of the form; `@file` stands for the text of a file.",
            ),
            click.option("--comment", metavar="TEXT", help="What the field `comment` holds."),
            options.store_option,
        )
    ):
        function = decorate(function)
    return function


def answer(
    run: str,
    step: str | None,
    *,
    approved: bool,
    by: str | None,
    fields: Iterable[str],
    comment: str | None,
    store: str | None,
) -> None:
    """Leave somebody's word for a run, if it counts.

    Raises:
        InputError: It does not.
        RunNotFoundError: There is no such run.
    """
    from ciranda.cli.given import texts_of
    from ciranda.cli.history import OPEN, opened
    from ciranda.errors import InputError
    from ciranda.runs.answers import COMMENT, accepted
    from ciranda.runs.messages import Answered, encode
    from ciranda.runs.waits import waits_of

    texts = texts_of(fields, "--set", "field")
    if comment is not None:
        if COMMENT in texts:
            raise click.UsageError(f"`--comment` and `--set {COMMENT}=...` say the same: drop one")
        texts[COMMENT] = comment
    name = _login() if by is None else by
    with opened(store) as log:
        row = log.run(run)
        if row.status not in OPEN:
            was = "was" if row.status == "cancelled" else "has"
            raise InputError(f"run {row.id} {was} {row.status} already: nothing in it waits")
        waits = waits_of(log, row.id)
        path = waits.approval(step)
        asked = waits.open.get(path)
        said = Answered(
            path=path, approved=approved, by=name, form=_typed(texts, asked.form if asked else {})
        )
        form = accepted(row.id, asked, said, _before(log, waits, path, asked))
        log.post(row.id, *encode(Answered(path=path, approved=approved, by=name, form=form)))
        executed = log.held(row.id)
    done = "approved" if approved else "rejected"
    screen.say(f"`{path}` of run {row.id} is {done} by {name}")
    if not executed:
        again = shlex.join(["ciranda", "resume", row.id, *(["--store", store] if store else [])])
        screen.say(f"`{again}` goes on with the run")


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        raise click.UsageError("nobody knows who you are: write `--as NAME`") from None


def _typed(texts: dict[str, str], form: dict[str, Any]) -> dict[str, Any]:
    """Read each text by what the form says of it: as it is, or as JSON."""
    import json

    from ciranda.workflow.fitting import surely_fits

    found: dict[str, Any] = {}
    for name, text in texts.items():
        schema = form.get(name, {"type": "string"})
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = text
        bare = isinstance(schema, dict) and ("type" in schema or "enum" in schema)
        found[name] = text if bare and surely_fits(text, schema) else value
    return found


def _before(log: Log, waits: Waits, path: str, asked: StepWaits | None) -> ApprovalGiven | None:
    """Return the answer that counts already, though perhaps nobody read it yet."""
    from ciranda.errors import InputError
    from ciranda.events import ApprovalGiven
    from ciranda.runs.answers import accepted
    from ciranda.runs.messages import Answered, decode

    if path in waits.given:
        return waits.given[path]
    for message in log.take(waits.run, waits.heard.seen):
        try:
            said = decode(message) if message.kind == "answer" else None
            if isinstance(said, Answered) and said.path == path:
                accepted(waits.run, asked, said)
                return ApprovalGiven(path=path, approved=said.approved, by=said.by)
        except InputError:  # it will not count
            continue
    return None
