"""All rules of one plugin, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ciranda.conformance.announcing import api_rules, package_rules
from ciranda.conformance.examined import Examined, examined
from ciranda.conformance.examples import example_rules
from ciranda.conformance.explaining import action_rules, other_rules
from ciranda.conformance.failing import kind_rules
from ciranda.conformance.finding import Finding, Verdict
from ciranda.conformance.hooking import hook_rules
from ciranda.conformance.importing import Probed, command_rules, import_rules, probe
from ciranda.conformance.layering import layer_rules
from ciranda.conformance.loading import furnished, loaded
from ciranda.conformance.opening import left_rules, lifespan_rules, traces
from ciranda.conformance.rules import RULES
from ciranda.conformance.subject import Subject, opened
from ciranda.conformance.trying import trying_rules

__all__ = ["conform"]

_LOADED: Final[tuple[Callable[[Examined], Iterator[Finding]], ...]] = (
    action_rules,
    other_rules,
    kind_rules,
    example_rules,
)


def conform(subject: Subject, *, fresh: bool = True, patience: float = 5.0) -> list[Finding]:
    """Look at every rule of `RULES`; return at least one finding for each, in their order.

    The plugin is imported in this process and its actions are run in it, where there are samples.

    Args:
        subject: The plugin.
        fresh: Import it in a process of its own first; otherwise the rules of that are left out.
        patience: Seconds that whatever is cancelled may take to end.
    """
    probed = probe(subject) if fresh else Probed()
    found = list(import_rules(subject, probed))
    if not probed.error:
        try:
            with opened(subject) as module:
                found += command_rules(subject, probed)
                found += _inside(examined(subject, module), patience)
        except Exception as error:  # of an author's module: in a fresh process it went well
            text = f"it raises {type(error).__name__} in this process: {error}"
            found.append(Finding.fail("import", text, subject.module))
    broken = any(one.rule == "import" for one in found)
    return list(_in_order(found, "it cannot be imported" if broken else ""))


def _inside(one: Examined, patience: float) -> Iterator[Finding]:
    yield from package_rules(one)
    yield from api_rules(one)
    hooks = list(hook_rules(one))
    yield from hooks
    if hooks:
        yield from _unseen("loads", "its hooks do not fit")
        return
    one, problems = loaded(furnished(one))
    yield from problems
    if problems:
        yield from _unseen("settings-docs", "it cannot be loaded")
        return
    before = traces()
    opens = list(lifespan_rules(one))
    for look in _LOADED:
        yield from look(one)
    if opens:
        yield from opens
        yield from _unseen("action-inputs", "it cannot be opened", opens[0].rule)
        return
    yield from trying_rules(one, patience)
    yield from layer_rules(one, patience)
    yield from left_rules(one, before)


def _unseen(first: str, why: str, but: str = "") -> Iterator[Finding]:
    """Yield that a rule and all after it could not be looked at."""
    ids = [rule.id for rule in RULES]
    for name in ids[ids.index(first) :]:
        if name != but:
            yield Finding.skip(name, why)


def _in_order(found: Iterable[Finding], why: str) -> Iterator[Finding]:
    """Yield the findings by rule; one of which nothing was said is kept, unless `why` not."""
    by_rule: dict[str, list[Finding]] = {}
    for one in found:
        by_rule.setdefault(one.rule, []).append(one)
    for rule in RULES:
        here = by_rule.get(rule.id, [])
        failed = [one for one in here if one.verdict is Verdict.FAIL]
        if not here and why and not rule.id.startswith("import"):
            here = [Finding.skip(rule.id, why)]
        yield from failed or here or [Finding(rule.id, Verdict.PASS)]
