"""`ciranda eval`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "eval",
    epilog=examples(
        "ciranda eval '1 + 2 * 3'",
        "ciranda eval 'sum(row.n for row in inputs.rows)' -i 'rows=[{\"n\": 1}, {\"n\": 2}]'",
        "ciranda eval 'Hello, ${{ inputs.name }}!' -i name=you",
    ),
)
@click.argument("expression", metavar="EXPR")
@options.input_option("A value below `inputs`: JSON if it is JSON, else text; `@file` reads one.")
@options.json_option
def command(expression: str, inputs: tuple[str, ...], form: str) -> None:
    """Evaluate an expression.

    EXPR is what a workflow has between `${{` and `}}`, or text with such parts. Text is printed as
    it is, everything else as JSON.
    """
    from ciranda.cli.given import plain_inputs
    from ciranda.cli.values import as_json, cell

    scope = {"inputs": plain_inputs(inputs), "()": _answers()}
    value = _kept(_compiled(expression)(scope), expression)
    screen.out(as_json(value) if form == "json" else cell(value))


def _kept(value: Any, expression: str) -> Any:
    """Return a value as a step or an output would be given it."""
    from ciranda.expressions import ExpressionError
    from ciranda.workflow.plainresult import plain_result

    try:
        return plain_result(value)
    except ExpressionError as error:
        raise error.placed(0, expression) from None


def _compiled(text: str) -> Callable[[Mapping[str, Any]], Any]:
    from ciranda.expressions import compile, compile_template  # noqa: A004  (its name there)
    from ciranda.workflow.statuses import CONTEXT_FUNCTIONS

    make = compile_template if "${{" in text else compile
    return make(text, functions=CONTEXT_FUNCTIONS)


def _answers() -> dict[str, Callable[[], Any]]:
    """Return the functions of a run in which nothing has failed."""
    from datetime import UTC, datetime

    return {
        "always": lambda: True,
        "succeeded": lambda: True,
        "failed": lambda: False,
        "cancelled": lambda: False,
        "now": lambda: datetime.now(UTC).isoformat(),
    }
