"""From a plan file to a plan without a fault, or to all of its faults at once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any, Final, final

from msgspec.structs import replace as changed

from ciranda.workflow.written import shown

from .checking import Numbered, check_limits, check_tasks
from .faults import Fault, FaultKind
from .fields import Fields
from .loading import Source, load
from .plan import FORMAT, VERSION, Plan, RateLimit
from .reads import with_reads
from .tasks import UNITS, read_task
from .tiers import TIERS, Mode, Tier

__all__ = ["MOST_TASKS", "Defaults", "Judge", "plan_of", "read_plan"]

MOST_TASKS: Final = 100_000
_MOST_WORKERS: Final = 10_000
_WINDOW: Final = 60.0
_ESTIMATES: Final = frozenset(("estimate", "duration_ms"))
_FIELDS: Final = frozenset((
    "version", "name", "id", "title", "description", "tags", "tasks", "workers", "max_workers",
    "cpu_workers", "rate_limit", "resources", "timeout", "plan_timeout_ms", "already_succeeded",
    "tier", "mode", "expected", "format", "digest",
))  # fmt: skip

Judge = Callable[[Plan], Iterable[Fault]]


@final
@dataclass(frozen=True, slots=True)
class Defaults:
    """What is taken where a plan does not say, and what overrules it.

    Attributes:
        workers: Instead of what the plan says.
        cpu_workers: Instead of what the plan says.
        cores: Cpu tasks at once of a plan that does not say; None leaves them to the workers.
        tier: The row of the table for plans that name none; it then limits their rate, too.
        mode: The column for plans that name none.
        table: The tiers.
        named_tier: As if the plan named it.
        named_mode: As if the plan named it.
    """

    workers: int | None = None
    cpu_workers: int | None = None
    cores: int | None = None
    tier: int | None = None
    mode: Mode = Mode.BALANCED
    table: Mapping[int, Tier] = field(default_factory=lambda: TIERS)
    named_tier: int | None = None
    named_mode: Mode | None = None


def read_plan(
    source: str | Path | bytes,
    *,
    file: str = "",
    defaults: Defaults | None = None,
    judge: Judge | None = None,
) -> Plan:
    """Return the plan in a file.

    Args:
        source: The path of a file in YAML or JSON, or what one holds.
        file: The name that faults show; the path, if there is one, by default.
        defaults: For what the plan does not say.
        judge: Returns what is wrong with the work of tasks, by their ids; what it is given has
            no needs where these have faults. Without it no actions are looked at.

    Raises:
        PlanError: All faults, in the order of the file.
    """
    data, origin = load(source, file)
    return _read(data, origin, defaults or Defaults(), judge)


def plan_of(
    data: Any,
    *,
    file: str = "",
    defaults: Defaults | None = None,
    judge: Judge | None = None,
) -> Plan:
    """Return the plan that plain data describes; otherwise like `read_plan`.

    Raises:
        PlanError: All faults.
    """
    return _read(data, Source(file, data=data), defaults or Defaults(), judge)


def _read(data: Any, source: Source, defaults: Defaults, judge: Judge | None) -> Plan:
    if not isinstance(data, dict):
        kind = FaultKind.EMPTY_PLAN if data is None else FaultKind.INVALID_FILE
        source.add(kind, "", (), f"a plan is a mapping with `tasks`, not {shown(data)}")
        source.refuse()
    fields = Fields(source, data, (), "")
    _check_origin(source, data)
    fields.known(_FIELDS)
    listed = data.get("tasks")
    tasks: list[Numbered] = []
    succeeded: tuple[str, ...] = ()
    if not listed:
        source.add(FaultKind.EMPTY_PLAN, "", ("tasks",), "the plan has no tasks: write some")
    elif not isinstance(listed, list):
        message = f"`tasks` must be a list such as [{{id: build}}], not {shown(listed)}"
        source.add(FaultKind.INVALID_TASK, "", ("tasks",), message)
    elif len(listed) > MOST_TASKS:
        message = f"the plan has {len(listed):,} tasks, and at most {MOST_TASKS:,} can be planned"
        source.add(FaultKind.TOO_LARGE, "", ("tasks",), message)
    else:
        succeeded = fields.texts("already_succeeded", FaultKind.INVALID_FIELD) or ()
        with _uncollected():
            for at, each in enumerate(listed):
                task = read_task(source, each, at)
                if task is not None:
                    tasks.append((at, task))
            tasks = with_reads(tasks)
            check_tasks(source, tasks, succeeded)
    plan = _limited(fields, source, defaults)
    check_limits(source, tasks, plan.rate_limit, plan.resources, frozenset(succeeded))
    found = replace(
        plan,
        tasks=tuple([task for _, task in tasks]),
        already_succeeded=frozenset(succeeded),
        warnings=tuple(source.warnings),
        unestimated=frozenset(
            [task.id for at, task in tasks if not _ESTIMATES & listed[at].keys()]
            if isinstance(listed, list)
            else ()
        ),
    )
    if judge is not None:
        _judge(source, found, tasks, judge)
    source.refuse()
    if "digest" in data:
        _check_digest(fields, source, found, defaults)
    return found


def _judge(source: Source, plan: Plan, tasks: list[Numbered], judge: Judge) -> None:
    """Note what is wrong with the work of tasks, be there other faults or not."""
    places = {task.id: at for at, task in reversed(tasks) if task.id}
    sound = not source.faults
    if not sound:
        apart = [
            changed(task, needs=(), validates=(), contingency=None)
            for at, task in tasks
            if places.get(task.id) == at
        ]
        plan = replace(plan, tasks=tuple(apart), already_succeeded=frozenset())
    for fault in judge(plan):
        at = places.get(fault.task)
        if at is None:
            if sound:  # of one that is not, it may follow from the rest
                source.add(fault.kind, "", (), fault.message)
            continue
        written = source.value(("tasks", at))
        names = ("uses",) if fault.kind is FaultKind.UNKNOWN_ACTION else ("with", "command", "uses")
        name = next((name for name in names if name in written), "id")
        source.add(fault.kind, fault.task, ("tasks", at, name), fault.message)


def _check_origin(source: Source, data: dict[str, Any]) -> None:
    """Refuse what another program, or a later version of this one, wrote."""
    version = data.get("version")
    if data.get("format", FORMAT) != FORMAT:
        message = f"`format` is {shown(data['format'])}, and a saved plan says `{FORMAT}`"
        text = f"{message}: name a plan, or what `ciranda planner plan --save` wrote"
        source.add(FaultKind.INVALID_FILE, "", ("format",), text)
    elif type(version) is int and version > VERSION:
        message = f"the plan is of version {version}, and this planner reads up to {VERSION}"
        text = f"{message}: install a newer ciranda"
        source.add(FaultKind.UNKNOWN_VERSION, "", ("version",), text)
    source.refuse()


def _check_digest(fields: Fields, source: Source, found: Plan, defaults: Defaults) -> None:
    """Refuse a plan that is not what was saved; what overrules it was not saved with it."""
    bare = _limited(fields, source, Defaults(table=defaults.table))
    saved = replace(
        bare, tasks=found.tasks, already_succeeded=found.already_succeeded, version=found.version
    )
    if saved.digest != fields.data["digest"]:
        text = (
            "the plan was changed after it was saved: take its `digest` out to have it as it is"
            " now, or save it again"
        )
        source.add(FaultKind.ALTERED_PLAN, "", ("digest",), text)
        source.refuse()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Tasks live as long as their plan: looking for garbage among them takes as long as reading."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _limited(fields: Fields, source: Source, defaults: Defaults) -> Plan:
    """Return the plan without its tasks."""
    data = fields.data
    version = fields.count("version", FaultKind.UNKNOWN_VERSION, least=1, most=VERSION)
    tier = defaults.tier
    if "tier" in data:
        tier = data["tier"]
        if type(tier) is not int or tier not in defaults.table:
            fields.choice("tier", map(str, defaults.table), FaultKind.INVALID_WORKERS)
            tier = None
    tier = defaults.named_tier or tier
    word = fields.choice("mode", list(Mode), FaultKind.INVALID_WORKERS)
    word = defaults.named_mode or word
    mode = Mode(word) if word else defaults.mode
    row = defaults.table.get(tier or min(defaults.table))
    name = fields.one_of("workers", "max_workers", FaultKind.INVALID_WORKERS)
    workers = name and fields.count(name, FaultKind.INVALID_WORKERS, least=1, most=_MOST_WORKERS)
    cpu_workers = fields.count(
        "cpu_workers", FaultKind.INVALID_WORKERS, least=1, most=_MOST_WORKERS, null=True
    )
    limit = _rate_limit(fields, source)
    if "rate_limit" not in data and tier is not None and row is not None:
        limit = row.rate_limit(mode)
    name = fields.one_of("timeout", "plan_timeout_ms", FaultKind.INVALID_DURATION)
    return Plan(
        name=fields.text("name") or fields.text("title") or PurePath(source.file).stem or "plan",
        tasks=(),
        workers=defaults.workers or workers or (row.workers[mode] if row else 1),
        cpu_workers=defaults.cpu_workers
        or (cpu_workers if "cpu_workers" in data else defaults.cores),
        rate_limit=limit,
        resources=_capacities(fields, source),
        timeout=fields.seconds(name) if name else None,
        tier=tier,
        mode=mode.value if word or tier is not None else None,
        version=version or VERSION,
    )


def _rate_limit(fields: Fields, source: Source) -> RateLimit | None:
    value = fields.data.get("rate_limit")
    kind = FaultKind.INVALID_RATE_LIMIT
    if value is None:
        return None
    if not isinstance(value, dict):
        message = "`rate_limit` must be a mapping such as {window_ms: 60000, requests: 50}, not"
        fields.fault(kind, "rate_limit", f"{message} {shown(value)}")
        return None
    inner = Fields(source, value, ("rate_limit",), "`rate_limit`")
    inner.known(("window", "window_ms", *UNITS))
    window = inner.time("window")
    requests, read, written = (inner.count(unit, kind, null=True) for unit in UNITS)
    return RateLimit(window or _WINDOW, requests, read, written)


def _capacities(fields: Fields, source: Source) -> dict[str, int]:
    value = fields.data.get("resources", {})
    kind = FaultKind.INVALID_RESOURCE
    if not isinstance(value, dict):
        message = f"`resources` must be a mapping such as {{browser: 2}}, not {shown(value)}"
        fields.fault(kind, "resources", message)
        return {}
    inner = Fields(source, value, ("resources",), "`resources`")
    units = {name: inner.count(name, kind) for name in value}
    return {name: count for name, count in units.items() if count is not None}
