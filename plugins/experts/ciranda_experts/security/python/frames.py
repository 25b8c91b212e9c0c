"""Frames, garbage and formats: ways to what a program was not given."""

from __future__ import annotations

import ast
import re
from typing import Final

from .report import Subject

__all__ = ["check_frames"]

_ENTRANCES: Final = frozenset({"gi_frame", "cr_frame", "ag_frame"})
_INSIDES: Final = frozenset({"f_globals", "f_back"})
_SPACES: Final = frozenset({"f_globals", "f_locals"})
_TOLD: Final = frozenset({"__name__", "__file__", "__doc__", "__package__", "__spec__"})
_BEYOND: Final = (
    "globals|builtins|subclasses|mro|bases|base|code|closure|init|import|loader|reduce|reduce_ex"
)
# A field of a format that reaches through an object: `{0.__class__.__init__.__globals__}`.
_REACHING: Final = re.compile(rf"\{{[^{{}}]{{0,200}}[.\[]_?_?(?:_(?:{_BEYOND})__|func_globals)\b")
_GETTING: Final = frozenset({"operator.attrgetter", "operator.methodcaller"})
_DANGEROUS: Final = re.compile(
    r"(?:.*\.)?(?:system|popen|exec|eval|fork|execv\w*|execl\w*|spawn[lv]\w*|Popen|check_output|"
    r"check_call|getoutput|getstatusoutput|__import__|import_module|run_path|runsource|runcode|"
    rf"__(?:{_BEYOND}|getattribute)__(?:\..*)?)"
)


def check_frames(subject: Subject) -> None:
    """Look for walks through frames, and for members that are reached by a text."""
    for node in subject.program.of(ast.Attribute):
        if node.attr == "f_builtins":
            subject.hit("introspection-escape", node, "reaches the builtins through a frame")
        elif node.attr in _INSIDES and _entered(node.value) and not _told(subject, node):
            subject.hit("introspection-escape", node, "walks out of a generator")
        elif node.attr in _SPACES and isinstance(node.ctx, ast.Load):
            _space(subject, node)
    for text in subject.program.of(ast.Constant):
        if isinstance(text.value, str) and "{" in text.value and "__" in text.value:
            documents = isinstance(subject.program.parents.get(text), ast.Expr)
            if not documents and _REACHING.search(text.value):
                subject.hit("introspection-escape", text, "a format reaches through an object")
    for call in subject.program.of(ast.Call):
        if call.args and _GETTING.intersection(subject.resolver.names(call.func)):
            for each in call.args:
                name = subject.folding.text(each)
                if name is not None and _DANGEROUS.fullmatch(name):
                    subject.hit("hidden-name", call, f"reaches {name:.30} by its text")


def _entered(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in _ENTRANCES


def _told(subject: Subject, node: ast.Attribute) -> bool:
    """Say whether no more is taken from a frame than what its module says of itself."""
    parent = subject.program.parents.get(node)
    return isinstance(parent, ast.Subscript) and subject.folding.text(parent.slice) in _TOLD


def _space(subject: Subject, node: ast.Attribute) -> None:
    """Look at what is taken from the names of a frame; its module's name is asked for often."""
    parent = subject.program.parents.get(node)
    if not isinstance(parent, ast.Subscript) or parent.value is not node:
        return
    user = subject.program.parents.get(parent)
    if isinstance(user, ast.Call) and user.func is parent:
        subject.hit("introspection-escape", parent, "calls what a frame knows")
    elif not isinstance(parent.ctx, ast.Load):
        subject.hit("frame-walking", parent, "changes the names of a frame")
    elif not _told(subject, node):
        subject.hit("frame-walking", parent, "takes a name of another frame")
