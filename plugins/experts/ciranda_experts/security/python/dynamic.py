"""Code that is made while the program runs, and the ways round the names that make it."""

from __future__ import annotations

import ast
from typing import Final

from .folding import UNKNOWN
from .report import Subject
from .shape import DECODING, FETCHING, calls_within, is_literal, keyword
from .taint import Origin, Taint

__all__ = ["check_dynamic"]

_RUNNING: Final = {
    "builtins.eval": "dynamic-eval",
    "builtins.exec": "dynamic-exec",
    "builtins.execfile": "dynamic-exec",
    "runpy.run_path": "dynamic-exec",
    "code.InteractiveInterpreter().runsource": "dynamic-exec",
    "code.InteractiveInterpreter().runcode": "dynamic-exec",
    "code.InteractiveConsole().push": "dynamic-exec",
    "code.InteractiveConsole().runsource": "dynamic-exec",
    "runpy.run_module": "dynamic-import",
    "pandas.eval": "expression-eval",
    "numexpr.evaluate": "expression-eval",
    "sympy.sympify": "expression-eval",
    "sympy.parsing.sympy_parser.parse_expr": "expression-eval",
    "timeit.timeit": "dynamic-exec",
    "cProfile.run": "dynamic-exec",
    "builtins.compile": "dynamic-compile",
}
_AST_ONLY: Final = 0x400  # ast.PyCF_ONLY_AST: parses, makes no code
_HANDED: Final = {
    name: rule
    for name, rule in _RUNNING.items()
    if rule in ("dynamic-eval", "dynamic-exec") and name not in ("timeit.timeit", "cProfile.run")
} | dict.fromkeys(
    ("os.system", "os.popen", "posix.system", "nt.system", "subprocess.getoutput",
     "subprocess.getstatusoutput", "asyncio.create_subprocess_shell"),
    "shell-command",
)  # fmt: skip
_IMPORTING: Final = frozenset(
    {"builtins.__import__", "importlib.import_module", "importlib.__import__"}
)
_REACHING: Final = frozenset({"builtins.getattr", "builtins.setattr", "inspect.getattr_static"})
_OWNERS: Final = frozenset({"builtins", "os", "subprocess", "sys.modules", "importlib", "ctypes"})
_CLIMBING: Final = frozenset({"__base__", "__bases__", "__mro__", "mro", "__class__"})
_READING: Final = frozenset({"expression-eval", "dynamic-import"})  # a constant says what is meant
_TIMED: Final = frozenset({"timeit.timeit", "cProfile.run"})  # a constant is what they are for


def _kept(subject: Subject, node: ast.Assign) -> bool:
    """Say whether something is made a member of a class, of an object or of a table."""
    if subject.program.scope(node).is_class:
        return True
    return any(isinstance(each, (ast.Attribute, ast.Subscript)) for each in node.targets)


def check_dynamic(subject: Subject, taint: Taint) -> None:
    """Look for eval, exec, compile and imports by computed names, and for ways to hide them."""
    for call in subject.program.of(ast.Call):
        names = subject.resolver.names(call.func)
        for name in names:
            rule = _RUNNING.get(name)
            if rule is not None:
                _running(subject, call, name, rule)
            elif name in _IMPORTING:
                _importing(subject, call, taint)
            elif name in _REACHING:
                _reaching(subject, call)
    for node in subject.program.of(ast.Attribute):
        _attribute(subject, node)
    for item in subject.program.of(ast.Subscript):
        _item(subject, item)
    for used in subject.program.of(ast.Name, ast.Attribute):
        _passed_on(subject, used)


def _running(subject: Subject, call: ast.Call, name: str, rule: str) -> None:
    code = call.args[0] if call.args else keyword(call, "source")
    constant = code is not None and subject.folding.value(code) is not UNKNOWN
    if code is None or (constant and (name in _TIMED or rule in _READING)):
        return
    if rule in _READING:
        subject.hit(rule, call, f"{name.rpartition('.')[2]} reads what is not constant")
        return
    if rule == "dynamic-compile":
        flags = keyword(call, "flags") or (call.args[3] if len(call.args) > 3 else None)  # noqa: PLR2004  # the fourth
        if flags is not None and _only_parses(subject, flags):
            return
        function = subject.program.parents.get(call)
        if isinstance(function, ast.Call) and call in function.args:
            outer = subject.resolver.names(function.func)
            if any(each in _RUNNING for each in outer):
                return  # said of what runs it
    within = calls_within(subject, code)
    said = name.rpartition(".")[2]
    if any(each.startswith(FETCHING) for each in within):
        subject.hit("download-then-execute", call, f"{said} runs what was fetched")
    elif any(each.rpartition(".")[2] in DECODING for each in within):
        subject.hit("decode-then-execute", call, f"{said} runs what was decoded")
    else:
        subject.hit(rule, call, f"{said} runs text as code")
    text = subject.folding.value(code)
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    if isinstance(text, str):
        if not isinstance(code, ast.Constant):
            subject.hit("hidden-code", call, "the code is put together from pieces")
        subject.payloads.append((text, "python", call))


def _only_parses(subject: Subject, flags: ast.expr) -> bool:
    value = subject.folding.value(flags)
    if isinstance(value, int):
        return bool(value & _AST_ONLY)
    parts = [flags.left, flags.right] if isinstance(flags, ast.BinOp) else [flags]
    return any("ast.PyCF_ONLY_AST" in subject.resolver.names(each) for each in parts)


def _importing(subject: Subject, call: ast.Call, taint: Taint) -> None:
    module = call.args[0] if call.args else keyword(call, "name")
    if module is None:
        return
    name = subject.folding.text(module)
    if name is None:
        outside = taint.of(module) is Origin.EXTERNAL
        rule = "import-from-outside" if outside else "dynamic-import"
        subject.hit(rule, call, "the module is chosen while running")
    elif not is_literal(module):
        subject.hit("hidden-name", call, f"the module's name {name!r:.40} is put together")
    elif isinstance(call.func, ast.Name) and call.func.id == "__import__":
        subject.hit("inline-import", call, f"{name:.40} is imported inside an expression")


def _reaching(subject: Subject, call: ast.Call) -> None:
    if len(call.args) < 2:  # noqa: PLR2004  # object and name
        return
    owner, attribute = call.args[:2]
    reached = [name for name in subject.resolver.names(owner) if name in _OWNERS]
    name = subject.folding.text(attribute)
    if name is None:
        if reached and reached != ["ctypes"]:
            subject.hit("hidden-name", call, f"a member of {reached[0]} is chosen while running")
    elif not is_literal(attribute) and (reached or name.startswith("__")):
        subject.hit("hidden-name", call, f"the name {name!r:.40} is put together")
    elif name in ("__subclasses__", "__globals__", "__builtins__"):
        subject.hit("introspection-escape", call, f"{name} is reached by its text")


def _attribute(subject: Subject, node: ast.Attribute) -> None:
    if node.attr == "__subclasses__" and _climbs(node.value):
        subject.hit("introspection-escape", node, "walks from an object to all classes")
    elif node.attr == "__code__" and isinstance(node.ctx, ast.Store):
        subject.hit("introspection-escape", node, "replaces the code of a function")
    elif node.attr == "__builtins__":
        subject.hit("introspection-escape", node, "reaches the builtins through an object")


def _climbs(node: ast.expr) -> bool:
    """Say whether `().__class__.__base__`, `x.__mro__[1]`, `object`, `type(x).mro()[-1]`."""
    at = node
    while True:
        match at:
            case ast.Attribute():
                if at.attr in _CLIMBING:
                    return True
                at = at.value
            case ast.Subscript():
                at = at.value
            case ast.Call():
                at = at.func
            case ast.Name():
                return at.id == "object"
            case _:
                return False


def _item(subject: Subject, node: ast.Subscript) -> None:
    names = subject.resolver.names(node.value)
    owner = node.value
    if isinstance(owner, ast.Attribute) and owner.attr == "__globals__":
        subject.hit("introspection-escape", node, "reaches the globals of a function")
        return
    key = subject.folding.text(node.slice)
    parent = subject.program.parents.get(node)
    called = isinstance(parent, ast.Call) and parent.func is node
    if key is not None:
        if not is_literal(node.slice) and any(n in _OWNERS or n == "<namespace>" for n in names):
            subject.hit("hidden-name", node, f"the name {key!r:.40} is put together")
    elif "builtins" in names or ("<namespace>" in names and called):
        subject.hit("hidden-name", node, "what is called is chosen by a text while running")


def _passed_on(subject: Subject, node: ast.expr) -> None:
    """Look for eval, exec and shells handed to others, as in `map(eval, lines)`."""
    if not isinstance(getattr(node, "ctx", None), ast.Load):
        return
    names = subject.resolver.names(node)
    rule = next((_HANDED[name] for name in names if name in _HANDED), "")
    if not rule:
        return
    parent = subject.program.parents.get(node)
    alias = isinstance(parent, (ast.Assign, ast.NamedExpr)) and parent.value is node
    reading = isinstance(parent, (ast.Attribute, ast.Compare)) or (
        isinstance(parent, ast.Call) and parent.func is node
    )
    if alias and isinstance(parent, ast.Assign) and _kept(subject, parent):
        subject.hit(rule, node, f"{names[0].rpartition('.')[2]} becomes a member")
    if not alias and not reading:
        subject.hit(rule, node, f"{names[0].rpartition('.')[2]} is passed on")
