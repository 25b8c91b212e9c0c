"""What may be installed, asked of the logic expert: an inline plugin, used by `audit.yaml`.

A licence expression becomes a condition over truth values, one for each licence, which are what
`policy.yaml` says; a version becomes a number. All distributions are asked about at once, and
only if the answer is no, one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ciranda import Context, StepError, action, hookimpl
from ciranda.events.judging import Judge, Judgement, Verdict
from ciranda.workflow.document import read_document

_PARTS, _BASE = 4, 10**6  # numbers of a version that count, and the first that is too large
_TOGETHER = 60  # distributions in one question
_WORD = re.compile(r"\(|\)|[^\s()]+")
_OPERATORS = {"AND": "and", "OR": "or"}
_PAIR = 2  # numbers that `~=` needs at least


class Finding(TypedDict):
    """One thing that somebody should look at."""

    distribution: str
    kind: str
    detail: str


@dataclass
class Rule:
    """What one distribution has to meet: conditions, and the names that they speak of."""

    distribution: str
    said: str
    claim: str
    facts: dict[str, str] = field(default_factory=dict)  # variable: what is known of it
    sorts: dict[str, str] = field(default_factory=dict)


@action("audit.policy")
async def policy(
    checked: list[dict[str, Any] | None], policy: Path, *, ctx: Context
) -> list[Finding]:
    """List what the policy does not allow, or what nobody could prove that it does.

    Args:
        checked: What `audit.verify` said of each distribution.
        policy: The file that says which licences and versions are allowed.
        ctx: The step.
    """
    allowed, versions = _read(policy)
    rules = [rule for one in checked if one for rule in _rules(one, allowed, versions)]
    findings = []
    for start in range(0, len(rules), _TOGETHER):
        together = rules[start : start + _TOGETHER]
        if (await _judged(together, ctx)).verdict is Verdict.APPROVED:
            continue
        for rule in together:
            judgement = await _judged([rule], ctx)
            if judgement.verdict is not Verdict.APPROVED:
                findings.append(
                    Finding(
                        distribution=rule.distribution,
                        kind="policy",
                        detail=f"{rule.said} ({judgement.verdict}: {judgement.reason})",
                    )
                )
    return findings


@hookimpl
def actions() -> list[Any]:
    """Offer the action of this file."""
    return [policy]


async def _judged(rules: list[Rule], ctx: Context) -> Judgement:
    sorts: dict[str, str] = {}
    facts: dict[str, str] = {}
    for rule in rules:
        sorts |= rule.sorts
        facts |= rule.facts
    intent = {
        "type": "policy",
        "vars": sorts,
        "pre": list(facts.values()),
        "post": list(dict.fromkeys(rule.claim for rule in rules)),
    }
    return await ctx.ask(Judge(intent=intent))


def _read(path: Path) -> tuple[set[str], dict[str, SpecifierSet]]:
    value: Any = read_document(path).plain()
    try:
        versions = {
            str(canonicalize_name(name)): SpecifierSet(text)
            for name, text in value["versions"].items()
        }
        return {str(name) for name in value["licences"]}, versions
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StepError(
            "audit.policy", f"{path} is no policy: it needs `licences` and `versions` ({error})"
        ) from None


def _rules(
    one: dict[str, Any], allowed: set[str], versions: dict[str, SpecifierSet]
) -> Iterator[Rule]:
    if one["licence"]:
        yield _licence(one["name"], one["licence"], allowed)
    wanted = versions.get(canonicalize_name(one["name"]))
    if wanted is not None:
        yield from _versions(one["name"], one["version"], wanted)


def _licence(distribution: str, licence: str, allowed: set[str]) -> Rule:
    """Say that some way to read a licence needs only what is allowed."""
    rule = Rule(distribution, f"licence {licence}", "")
    words = _WORD.findall(licence)
    if licence in allowed or not _is_expression(words):
        words = [licence]
    claim = []
    for word in words:
        if word in ("(", ")", *_OPERATORS):
            claim.append(_OPERATORS.get(word, word))
            continue
        name = "licence_" + "".join(
            char if char.isascii() and char.isalnum() else f"_{ord(char):x}_" for char in word
        )
        rule.sorts[name] = "bool"
        rule.facts[name] = name if word in allowed else f"not {name}"
        claim.append(name)
    rule.claim = " ".join(claim)
    return rule


def _is_expression(words: list[str]) -> bool:
    """Say whether words are an SPDX expression: names with operators between, brackets in pairs."""
    depth, wants_name = 0, True
    for word in words:
        if word in _OPERATORS or word == ")":
            if wants_name:
                return False
            depth -= word == ")"
            wants_name = word in _OPERATORS
        else:
            if not wants_name:
                return False
            depth += word == "("
            wants_name = word == "("
        if depth < 0:
            return False
    return depth == 0 and not wants_name


def _versions(distribution: str, version: str, wanted: SpecifierSet) -> Iterator[Rule]:
    """Say for each part of a constraint that the version, as a number, meets it."""
    name = "version_" + re.sub(r"\W", "_", canonicalize_name(distribution))
    try:
        fact = f"{name} == {_number(Version(version).release)}"
    except InvalidVersion:  # nothing is known of it, so nothing is proved of it
        fact = "true"
    for each in sorted(wanted, key=str):
        yield Rule(
            distribution,
            f"version {version} where {each} is wanted",
            " and ".join(_bounds(name, each)),
            {name: fact},
            {name: "int"},
        )


def _bounds(name: str, wanted: Specifier) -> Iterable[str]:
    text = wanted.version
    release = Version(text.removesuffix(".*")).release
    if text.endswith(".*") or wanted.operator == "~=":
        prefix = release if text.endswith(".*") else release[: max(_PAIR, len(release)) - 1]
        low = prefix if text.endswith(".*") else release
        inside = [f"{name} >= {_number(low)}", f"{name} < {_number(_next(prefix))}"]
        return [f"not ({' and '.join(inside)})"] if wanted.operator == "!=" else inside
    operator = "==" if wanted.operator == "===" else wanted.operator
    return [f"{name} {operator} {_number(release)}"]


def _next(release: tuple[int, ...]) -> tuple[int, ...]:
    return (*release[:-1], release[-1] + 1)


def _number(release: tuple[int, ...]) -> int:
    """Return a number that orders versions as their releases are; what follows is left out."""
    found = 0
    for part in (*release, *(0,) * _PARTS)[:_PARTS]:
        found = found * _BASE + min(part, _BASE - 1)
    return found
