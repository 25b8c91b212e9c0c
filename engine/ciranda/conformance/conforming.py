"""All rules of one plugin, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Final

from ciranda.conformance.announcing import api_rules, package_rules
from ciranda.conformance.doing import Doing, Telling, untold
from ciranda.conformance.examined import Examined, examined
from ciranda.conformance.examples import example_rules
from ciranda.conformance.exchanging import exchange_rules
from ciranda.conformance.explaining import action_rules, other_rules
from ciranda.conformance.failing import kind_rules
from ciranda.conformance.finding import Finding, Verdict
from ciranda.conformance.hooking import hook_rules
from ciranda.conformance.importing import Probed, command_rules, import_rules, probe
from ciranda.conformance.layering import layer_rules
from ciranda.conformance.listening import listening_rules
from ciranda.conformance.loading import furnished, loaded
from ciranda.conformance.opening import left_rules, lifespan_rules, traces
from ciranda.conformance.rules import RULES
from ciranda.conformance.subject import Subject, opened
from ciranda.conformance.trying import TRIED, trying_rules

__all__ = ["conform", "findings", "in_order", "unseen"]

# What is looked at without an engine, by the rules that it is about.
_STILL: Final[tuple[tuple[tuple[str, ...], Callable[[Examined], Iterator[Finding]]], ...]] = (
    (("action-docs", "action-types"), action_rules),
    (
        ("settings-docs", "function-docs", "hookspec-docs", "modifier-docs", "trigger-docs"),
        other_rules,
    ),
    (("error-kinds",), kind_rules),
    (("examples",), example_rules),
    (("loader-files", "exporter-spans"), exchange_rules),
)
_ALL: Final = frozenset(rule.id for rule in RULES)
# The order in which they are looked at: a plugin that does not open is not tried.
_EARLY: Final = ("lifespan",)
_IDS: Final = tuple(rule.id for rule in RULES if rule.id not in _EARLY)
_COURSE: Final = (*_IDS[: _IDS.index("loads") + 1], *_EARLY, *_IDS[_IDS.index("loads") + 1 :])
_IMPORTING: Final = ("import", "import-output", "import-effects")


def conform(
    subject: Subject, *, only: Iterable[str] = _ALL, patience: float = 5.0
) -> list[Finding]:
    """Look at the rules of `RULES`; return at least one finding for each, in their order.

    The plugin is imported in a fresh process first, then in this one, and its actions are run
    here, where there are samples: what never ends is waited for without end.

    Args:
        subject: The plugin.
        only: The rules that are looked at.
        patience: Seconds that whatever is cancelled may take to end.
    """
    wanted = frozenset(only)
    return in_order(findings(subject, wanted, patience), wanted)


def findings(
    subject: Subject, wanted: frozenset[str], patience: float = 5.0, tell: Telling = untold
) -> Iterator[Finding]:
    """Yield what is found out, as it is; of rules that are not wanted too.

    Args:
        subject: The plugin.
        wanted: The rules that are looked at.
        patience: Seconds that whatever is cancelled may take to end.
        tell: Called before each piece of work that calls the plugin.
    """
    module = subject.module.partition(":")[0]
    probed = probe(subject) if wanted.intersection(_IMPORTING) else Probed()
    yield from import_rules(subject, probed)
    if probed.error:
        return
    with ExitStack() as stack:
        tell(Doing("import", f"importing `{module}`", module))
        try:
            imported = stack.enter_context(opened(subject))
        except Exception as error:  # of an author's module: in a fresh process it went well
            text = f"it raises {type(error).__name__} in this process: {error}"
            yield Finding.fail("import", text, subject.module)
            return
        tell(Doing("commands", f"importing `{subject.command}`", subject.command))
        yield from command_rules(subject, probed)
        yield from _inside(examined(subject, imported), wanted, patience, tell)


def _inside(
    one: Examined, wanted: frozenset[str], patience: float, tell: Telling
) -> Iterator[Finding]:
    tell(Doing("hooks", f"a hook of `{one.label}`", one.subject.module))
    yield from package_rules(one)
    yield from api_rules(one)
    hooks = list(hook_rules(one))
    yield from hooks
    if hooks:
        yield from _unseen("loads", "its hooks do not fit")
        return
    tell(Doing("loads", f"loading `{one.label}`", one.subject.module))
    one, problems = loaded(furnished(one))
    yield from problems
    if problems:
        yield from _unseen("settings-docs", "it cannot be loaded")
        return
    before = traces()
    opens: list[Finding] = []
    if wanted.intersection(("lifespan", "teardown")):
        tell(Doing("lifespan", f"opening or closing `{one.label}`", one.subject.module))
        opens = list(lifespan_rules(one))
    yield from opens
    for ids, look in _STILL:
        if wanted.intersection(ids) and not (opens and look is example_rules):
            tell(Doing(ids[0], f"`{one.label}`", one.subject.module))
            yield from look(one)
    if opens:
        yield Finding.skip("examples", "it cannot be opened")
        yield from _unseen("action-inputs", "it cannot be opened", opens[0].rule)
        return
    if wanted.intersection((*TRIED, "teardown")):
        yield from trying_rules(one, patience, tell)
    if "middleware" in wanted:
        tell(Doing("middleware", f"a layer of `{one.label}`", one.subject.module))
        yield from layer_rules(one, patience)
    if "trigger-cancel" in wanted:
        yield from listening_rules(one, patience, tell)
    if "teardown" in wanted:
        yield from left_rules(one, before, min(patience, 2.0))


def unseen(first: str, why: str, found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield that what comes after a rule was not looked at, in the order in which rules are.

    Args:
        first: The rule in the midst of which the check ended.
        why: Why it did.
        found: What was found until then.
    """
    known = {one.rule for one in found}
    rest = _COURSE[_COURSE.index(first) + 1 :]
    for name in rest:
        if name not in known or name in TRIED:
            yield Finding.skip(name, why)


def _unseen(first: str, why: str, but: str = "") -> Iterator[Finding]:
    """Yield that a rule and all after it could not be looked at."""
    ids = [rule.id for rule in RULES]
    for name in ids[ids.index(first) :]:
        if name != but:
            yield Finding.skip(name, why)


def in_order(found: Iterable[Finding], wanted: frozenset[str]) -> list[Finding]:
    """Return the findings of the wanted rules by rule; one of which nothing was said is kept."""
    by_rule: dict[str, list[Finding]] = {}
    for one in found:
        by_rule.setdefault(one.rule, []).append(one)
    broken = "import" in by_rule
    if broken:
        wanted |= {"import"}  # whoever asks for others hears why there is nothing to be said
    return [one for one in _told(by_rule, broken) if one.rule in wanted]


def _told(by_rule: Mapping[str, list[Finding]], broken: bool) -> Iterator[Finding]:
    why = "it cannot be imported" if broken else ""
    for rule in RULES:
        here = by_rule.get(rule.id, [])
        failed = [one for one in here if one.verdict is Verdict.FAIL]
        if not here and why and not rule.id.startswith("import"):
            here = [Finding.skip(rule.id, why)]
        yield from failed or here or [Finding(rule.id, Verdict.PASS)]
