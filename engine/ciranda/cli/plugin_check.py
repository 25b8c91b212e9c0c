"""`ciranda plugin check`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from ciranda.cli import options, screen, suggesting
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from ciranda.conformance import Finding

__all__ = ["check"]


@click.command(
    "check",
    epilog=examples(
        "ciranda plugin check .",
        "ciranda plugin check actions.py",
        "ciranda plugin check . --rule action-cancel",
        "ciranda plugin check slack -o json",
    ),
)
@click.argument(
    "what", metavar="PATH|NAME", callback=options.not_empty, shell_complete=suggesting.plugins
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="RULE",
    shell_complete=suggesting.rules,
    help="Look at this rule alone; may be given several times.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    default=30.0,
    help="How long one trial of an action may take.  [default: 30]",
)
@click.option("--quiet", "-q", is_flag=True, help="Show only the rules that are not kept.")
@options.json_option
@click.pass_context
def check(
    ctx: click.Context, what: str, rules: tuple[str, ...], timeout: float, quiet: bool, form: str
) -> None:
    """Look whether a plugin keeps what every plugin must.

    PATH is the folder of a package, with its `pyproject.toml`, or one file of a project; NAME is an
    installed plugin. It is imported, opened, and its actions are run where their inputs are known:
    given in `[tool.ciranda.check.inputs]`, shown in their documentation, or made up for those that
    say `pure`. `docs/plugin-authors.md` explains each rule.
    All of it happens in a process of its own, which is killed when something does not come back.

    Exit codes: 0 every rule is kept, 1 one is not, 2 there is no such plugin.
    """
    from ciranda.conformance import Verdict, conform_apart, find_subject

    wants = _wants()
    for rule in rules:
        if rule not in wants:
            from ciranda.workflow.nearest import nearest

            meant = nearest(rule, wants)
            hint = f"did you mean `{meant}`?" if meant else f"there is {', '.join(wants)}"
            raise click.UsageError(f"there is no rule `{rule}`; {hint}", ctx)
    subject = find_subject(what)
    found = conform_apart(subject, what, only=rules or wants, seconds=timeout)
    failed = [one for one in found if one.verdict is Verdict.FAIL]
    if form == "json":
        _as_json(subject.name, found)
    else:
        _as_table(failed if quiet else found)
        looked = {one.rule for one in found}
        kept = len(looked) - len({one.rule for one in failed})
        screen.say(f"`{subject.name}` keeps {kept} of {len(looked)} rules")
    if failed:
        ctx.exit(Exit.FAILED)


def _as_table(found: list[Finding]) -> None:
    from ciranda.cli.values import table

    wants = _wants()
    counted = Counter(one.rule for one in found)
    rows = [
        (
            one.rule,
            one.verdict.upper() if one.verdict == "fail" else str(one.verdict),
            one.message or wants[one.rule],
            one.place if one.place or counted[one.rule] > 1 else "",
        )
        for one in found
    ]
    if rows:
        for line in table(("rule", "", "", "at"), rows):
            screen.out(line)


def _as_json(name: str, found: list[Finding]) -> None:
    from ciranda.cli.values import as_json

    wants = _wants()
    told = [
        {
            "rule": one.rule,
            "wants": wants[one.rule],
            "verdict": str(one.verdict),
            "message": one.message,
            "place": one.place,
        }
        for one in found
    ]
    ok = all(one.verdict != "fail" for one in found)
    screen.out(as_json({"plugin": name, "ok": ok, "findings": told}))


def _wants() -> dict[str, str]:
    from ciranda.conformance import RULES

    return {rule.id: rule.wants for rule in RULES}
