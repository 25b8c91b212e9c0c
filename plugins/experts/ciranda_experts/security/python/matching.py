"""Rules that say by themselves what they look for, held against a Python program."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from ..glob import Glob
from ..rule import Rule
from .report import Subject

__all__ = ["check_rules"]


class _Index:
    """Patterns of one kind by the literal texts among them, with the others after."""

    def __init__(self, pairs: Iterable[tuple[Rule, Sequence[Glob]]]) -> None:
        self._literal: dict[str, list[Rule]] = {}
        self._others: list[tuple[Glob, Rule]] = []
        self._known: dict[str, list[Rule]] = {}
        for rule, globs in pairs:
            for each in globs:
                if each.literal:
                    self._literal.setdefault(each.pattern, []).append(rule)
                else:
                    self._others.append((each, rule))

    def of(self, text: str) -> list[Rule]:
        known = self._known.get(text)
        if known is None:
            known = [rule for glob, rule in self._others if glob.matches(text)]
            known = self._known[text] = self._literal.get(text, []) + known
        return known


def check_rules(subject: Subject, rules: Sequence[Rule]) -> None:
    """Hold calls, imports, names and texts against the rules."""
    calls = _Index((rule, rule.match.calls) for rule in rules)
    imports = _Index((rule, rule.match.imports) for rule in rules)
    names = _Index((rule, rule.match.names) for rule in rules)
    strings = _Index((rule, rule.match.strings) for rule in rules)
    _calls(subject, calls)
    for node in subject.program.of(ast.Import):
        for alias in node.names:
            _hit(subject, imports.of(alias.name), node, f"imports {alias.name:.40}")
    for source in subject.program.of(ast.ImportFrom):
        module = "." * source.level + (source.module or "")
        found = imports.of(module)
        for alias in source.names:
            found = found or imports.of(f"{module}.{alias.name}")
        _hit(subject, found, source, f"imports from {module:.40}")
    for name in subject.program.of(ast.Name):
        _hit(subject, names.of(name.id), name, f"the name {name.id:.40}")
    for attribute in subject.program.of(ast.Attribute):
        _hit(subject, names.of(attribute.attr), attribute, f"the name {attribute.attr:.40}")
    for made in subject.program.of(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
        _hit(subject, names.of(made.name), made, f"the name {made.name:.40}")
    for text in subject.program.of(ast.Constant):
        if isinstance(text.value, str) and not isinstance(
            subject.program.parents.get(text), ast.Expr
        ):
            _hit(subject, strings.of(text.value), text, "the text of a literal")


def _calls(subject: Subject, calls: _Index) -> None:
    for call in subject.program.of(ast.Call):
        for name in subject.resolver.names(call.func):
            for rule in calls.of(name):
                if not rule.match.arguments or _given(subject, call, rule):
                    subject.hit(rule.id, call, f"calls {name:.60}")
    for node in subject.program.of(ast.Name, ast.Attribute):
        parent = subject.program.parents.get(node)
        if not isinstance(parent, (ast.Call, ast.keyword, ast.Dict, ast.List, ast.Tuple)):
            continue
        if isinstance(parent, ast.Call) and parent.func is node:
            continue
        for name in subject.resolver.names(node):
            for rule in calls.of(name):
                kind = name.rpartition(".")[2][:1].isupper()  # a class: to test for, mostly
                if not rule.match.arguments and not name.endswith("()") and not kind:
                    subject.hit(rule.id, node, f"passes {name:.60} on")


def _given(subject: Subject, call: ast.Call, rule: Rule) -> bool:
    for each in [*call.args, *(part.value for part in call.keywords)]:
        text = subject.folding.text(each)
        if text is not None and any(glob.matches(text) for glob in rule.match.arguments):
            return True
    return False


def _hit(subject: Subject, rules: Sequence[Rule], node: ast.AST, what: str) -> None:
    for rule in rules:
        subject.hit(rule.id, node, what)
