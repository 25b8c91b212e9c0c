"""All rules of one plugin, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
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
from ciranda.conformance.opening import Traces, left_rules, lifespan_rules, traces
from ciranda.conformance.rules import RULES
from ciranda.conformance.subject import Subject, opened
from ciranda.conformance.trying import TRIED, trying_rules

__all__ = ["conform"]

# What is looked at without an engine, by the rules that it is about.
_STILL: Final[tuple[tuple[tuple[str, ...], Callable[[Examined], Iterator[Finding]]], ...]] = (
    (("action-docs", "action-types"), action_rules),
    (("settings-docs", "function-docs", "hookspec-docs", "modifier-docs"), other_rules),
    (("error-kinds",), kind_rules),
    (("examples",), example_rules),
)
_ALL: Final = frozenset(rule.id for rule in RULES)
_IMPORTING: Final = ("import", "import-output", "import-effects")


def conform(
    subject: Subject, *, only: Iterable[str] = _ALL, patience: float = 5.0
) -> list[Finding]:
    """Look at the rules of `RULES`; return at least one finding for each, in their order.

    The plugin is imported in a fresh process first, then in this one, and its actions are run
    here, where there are samples.

    Args:
        subject: The plugin.
        only: The rules that are looked at.
        patience: Seconds that whatever is cancelled may take to end.
    """
    wanted = frozenset(only)
    probed = probe(subject) if wanted.intersection(_IMPORTING) else Probed()
    found = list(import_rules(subject, probed))
    if not probed.error:
        with ExitStack() as stack:
            try:
                module = stack.enter_context(opened(subject))
            except Exception as error:  # of an author's module: in a fresh process it went well
                text = f"it raises {type(error).__name__} in this process: {error}"
                found.append(Finding.fail("import", text, subject.module))
            else:
                found += command_rules(subject, probed)
                found += _inside(examined(subject, module), wanted, patience)
    broken = any(one.rule == "import" for one in found)
    if broken:
        wanted |= {"import"}  # whoever asks for others hears why there is nothing to be said
    told = _in_order(found, "it cannot be imported" if broken else "")
    return [one for one in told if one.rule in wanted]


def _inside(one: Examined, wanted: frozenset[str], patience: float) -> Iterator[Finding]:
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
    opens = list(lifespan_rules(one)) if wanted.intersection(("lifespan", "teardown")) else []
    yield from opens
    for ids, look in _STILL:
        if wanted.intersection(ids) and not (opens and look is example_rules):
            yield from look(one)
    if opens:
        yield Finding.skip("examples", "it cannot be opened")
        yield from _unseen("action-inputs", "it cannot be opened", opens[0].rule)
    else:
        yield from _running(one, wanted, patience, before)


def _running(
    one: Examined, wanted: frozenset[str], patience: float, before: Traces
) -> Iterator[Finding]:
    if wanted.intersection((*TRIED, "teardown")):
        yield from trying_rules(one, patience)
    if "middleware" in wanted:
        yield from layer_rules(one, patience)
    if "teardown" in wanted:
        yield from left_rules(one, before, min(patience, 2.0))


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
