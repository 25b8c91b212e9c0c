"""`ciranda planner run`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.streams import is_terminal
from ciranda.cli.teaching import EXIT_CODES, examples

from .options import html_option, learn_option, worker_options
from .reading import given_plan, refusing, without_file_options

if TYPE_CHECKING:
    from ciranda.observe.waterfall import Line

    from ..execution import Outcome
    from ..live import Live
    from .past import Told

__all__ = ["command"]

_DRAWN: Final = 40  # tasks up to which the picture follows the run
_COMPARED: Final = 300  # tasks up to which a run is held against those before, at once


@click.command(
    "run",
    epilog=examples(
        "ciranda planner run tasks.yaml",
        "ciranda planner run tasks.yaml --workers 20 -o json | jq .status",
        "ciranda planner run release.json --html release.html",
        "ciranda planner run --resume last",
    )
    + EXIT_CODES,
)
@click.argument("file", metavar="FILE", required=False, shell_complete=completing.files)
@worker_options
@learn_option
@click.option("--waves", is_flag=True, help="End each level before the next one begins.")
@click.option(
    "--resume",
    metavar="RUN",
    shell_complete=completing.runs,
    help="Go on with a run: what succeeded is kept.",
)
@html_option
@options.store_option
@options.durability_option
@options.json_option
@options.quiet_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, file: str | None, **given: Any) -> None:
    """Run the tasks of FILE, and show the run beside its prediction.

    FILE has tasks in YAML or JSON, or is a goal in Markdown. Ctrl-C stops the tasks and keeps the
    run: `ciranda planner run --resume last` goes on with it.
    """
    from ciranda.cli.perform import Performance as Screen
    from ciranda.cli.values import as_json

    if (file is None) is (given["resume"] is None):
        raise click.UsageError("give either FILE or `--resume RUN`", ctx)
    if given["resume"] == "" or file == "":
        raise click.UsageError("FILE or RUN is given as an empty text", ctx)
    if file is None:
        without_file_options(ctx, given)
    view = _View()
    found: list[Outcome] = []
    shown = Screen(
        store=given["store"],
        durability=given["durability"],
        backend=given["backend"],
        quiet=given["quiet"] or given["form"] == "json",
        more=view.lines,
        again=("ciranda", "planner", "run", "--resume"),
        word=lambda: str(found[0].state) if found else "",
    )

    async def order(engine: Any) -> Any:
        found.append(await _performed(engine, file, given, shown, view))
        return found[0].result

    with refusing(ctx, given["form"]):
        _, code = shown(order)
    for outcome in found:
        told = _looked_up(outcome, given)
        if given["form"] == "json":
            more = [] if told is None else [each.plain() for each in told.found]
            screen.out(as_json({**outcome.plain(), "findings": more}))
        else:
            _tell(outcome, told, quiet=given["quiet"])
        if given["html"] is not None:
            _write(given["html"], outcome, told)
    ctx.exit(code)


class _View:
    """The lines of a live view that is there once the plan is."""

    def __init__(self) -> None:
        self.live: Live | None = None

    def lines(self) -> tuple[Line, ...]:
        return () if self.live is None else tuple(self.live.lines)


async def _performed(
    engine: Any, file: str | None, given: dict[str, Any], shown: Any, view: _View
) -> Outcome:
    import anyio

    from ..execution import Performance, perform
    from ..live import Live
    from ..preparing import prepare
    from ..resuming import prepare_again

    if file is None:
        prepared, run = prepare_again(engine, given["resume"])
        shown.prime(engine.log, run)
        how = Performance(run)
    else:
        plan = given_plan(file, given, executable=True, bench=engine)
        learn = given["learn"] is not False
        prepared = prepare(engine, plan, file=file, waves=given["waves"], learn=learn)
        how = Performance()
    if not is_terminal(sys.stderr) or given["quiet"]:
        return await perform(engine, prepared, how)
    live = view.live = Live(prepared.plan, engine.clock.wall, engine.clock.steady)
    how.follow = live.follow
    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(live.watch)
        try:
            outcome = await perform(engine, prepared, how)
        except Exception as error:  # a task group would wrap it
            failure = error
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return outcome


def _looked_up(outcome: Outcome, given: dict[str, Any]) -> Told | None:
    """Return the run as the store has it, if it does and if that is done in a moment."""
    from ciranda.errors import CirandaError

    from .past import told_run

    if len(outcome.states) > _COMPARED and given["html"] is None:
        return None
    try:
        return told_run(given["store"], outcome.run)
    except CirandaError:  # durability off, or a run that had no time to begin
        return None


def _tell(outcome: Outcome, told: Told | None, *, quiet: bool) -> None:
    from .telling import draw, findings_told, run_told

    for line in run_told(outcome):
        screen.out(line)
    if told is None or quiet:
        return
    for line in findings_told(told.sentences):
        screen.out(line)
    screen.out()
    if len(outcome.states) <= _DRAWN:
        draw(told.chart)
    else:
        screen.out(f"`ciranda planner gantt {outcome.run}` draws it")


def _write(file: str, outcome: Outcome, told: Told | None) -> None:
    from .telling import write_page

    if told is None:
        raise click.ClickException(
            f"{file} is not written: a page is made of the store, and this run is not kept there"
        )
    write_page(file, told.chart, outcome, told.sentences)
