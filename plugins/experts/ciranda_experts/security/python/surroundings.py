"""What a program loads, and from where: preloaded libraries, search paths, packages installed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Final

from .report import Subject
from .shape import expressions, is_literal, keyword
from .taint import Origin, Taint

__all__ = ["check_surroundings"]

_PRELOADING: Final = frozenset(
    {"LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "PYTHONSTARTUP", "BASH_ENV",
     "PROMPT_COMMAND", "PERL5OPT", "RUBYOPT"}
)  # fmt: skip
_REDIRECTING: Final = frozenset(
    {"PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONUSERBASE",
     "NODE_OPTIONS", "GIT_SSH_COMMAND", "JAVA_TOOL_OPTIONS"}
)  # fmt: skip
_UPDATING: Final = frozenset(
    {"os.environ.update", "os.environ.setdefault", "os.environ.__setitem__", "os.putenv"}
)
_SEARCHED: Final = frozenset({"sys.path.insert", "sys.path.append", "sys.path.extend"})
_ANYBODYS: Final = re.compile(
    r"(?:/tmp|/var/tmp|/dev/shm|[A-Za-z]:[\\/](?:Windows[\\/])?Temp)(?:[\\/].*)?|\\\\.*|https?:.*"
)
_PROCESS: Final = ("subprocess.", "asyncio.create_subprocess_exec")
_INSTALLERS: Final = frozenset(
    {"pip", "pip3", "pipx", "uv", "conda", "easy_install", "npm", "yarn", "pnpm", "gem", "cargo"}
)
_INSTALLING: Final = frozenset({"install", "add", "i"})
_INSIDE: Final = frozenset(
    {"pip.main", "pip._internal.main", "pip._internal.cli.main.main", "easy_install.main",
     "setuptools.command.easy_install.main"}
)  # fmt: skip


def check_surroundings(subject: Subject, taint: Taint) -> None:
    """Look at the environment, the search path of modules, and packages that are installed."""
    _assigned(subject)
    for call in subject.program.of(ast.Call):
        names = subject.resolver.names(call.func)
        if _UPDATING.intersection(names):
            for name in _keys(subject, call):
                _variable(subject, call, name)
        for name in names:
            if name.startswith(_PROCESS):
                _started(subject, call)
            elif name in _INSIDE:
                subject.hit("package-installed", call, "pip installs from within the program")
    _paths(subject, taint)


def _assigned(subject: Subject) -> None:
    for made in subject.program.of(ast.Assign):
        for target in made.targets:
            if isinstance(target, ast.Subscript) and _is_environment(subject, target.value):
                _variable(subject, target, _text(subject, target.slice))
            elif isinstance(target, ast.Subscript) and _replaces(subject, target):
                subject.hit("path-redirection", target, "puts another module in a module's place")
    for added in subject.program.of(ast.AugAssign):
        if isinstance(added.value, ast.Dict) and _is_environment(subject, added.target):
            for key in added.value.keys:
                _variable(subject, added, _text(subject, key))


def _is_environment(subject: Subject, node: ast.expr) -> bool:
    return not {"os.environ", "os.environb"}.isdisjoint(subject.resolver.names(node))


def _replaces(subject: Subject, target: ast.Subscript) -> bool:
    """Say whether `sys.modules["json"] = ...` takes the place of a module of Python."""
    if "sys.modules" not in subject.resolver.names(target.value):
        return False
    return subject.folding.text(target.slice) in sys.stdlib_module_names


def _text(subject: Subject, node: ast.expr | None) -> str | None:
    """Return the name of a variable, which may be written in bytes."""
    value = subject.folding.value(node) if node is not None else None
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else None


def _keys(subject: Subject, call: ast.Call) -> Iterator[str | None]:
    """Yield the names of variables that are given as a first argument, in a table or by keyword."""
    for each in call.args[:1]:
        if isinstance(each, ast.Dict):
            yield from (_text(subject, key) for key in each.keys)
        else:
            yield _text(subject, each)
    yield from (each.arg for each in call.keywords)


def _variable(subject: Subject, node: ast.AST, name: str | None) -> None:
    if name in _PRELOADING:
        subject.hit("library-preload", node, f"sets {name}")
    elif name in _REDIRECTING:
        subject.hit("path-redirection", node, f"sets {name}")


def _started(subject: Subject, call: ast.Call) -> None:
    """Look at the environment and at the words of a command that is started."""
    environment = keyword(call, "env")
    for key in environment.keys if isinstance(environment, ast.Dict) else ():
        name = _text(subject, key)
        if name in _PRELOADING:
            _variable(subject, call, name)
    command = call.args[0] if call.args else keyword(call, "args")
    words = command.elts if isinstance(command, (ast.List, ast.Tuple)) else call.args
    texts = [subject.folding.text(each) or "" for each in words]
    if command is not None and len(texts) == 1:
        value = subject.folding.value(command)
        texts = [str(each) for each in value] if isinstance(value, tuple) else texts[0].split()
    programs = [each.replace("\\", "/").rpartition("/")[2] for each in texts]
    for at, each in enumerate(programs):
        if each in _INSTALLERS and _INSTALLING.intersection(programs[at + 1 :]):
            subject.hit("package-installed", call, f"{each} installs while the program runs")
            return


def _paths(subject: Subject, taint: Taint) -> None:
    """Look for folders that anybody may write to among those of modules, where one is imported."""
    added: list[tuple[ast.AST, ast.expr]] = [
        (call, call.args[-1])
        for call in subject.program.of(ast.Call)
        if _SEARCHED.intersection(subject.resolver.names(call.func)) and call.args
    ]
    for made in subject.program.of(ast.Assign, ast.AugAssign):
        for target in made.targets if isinstance(made, ast.Assign) else [made.target]:
            whole = target.value if isinstance(target, ast.Subscript) else target
            if "sys.path" in subject.resolver.names(whole):
                added.append((made, made.value))
    if not added or not _imports_unknown(subject):
        return
    for node, path in added:
        texts = (subject.folding.text(each) for each in expressions(subject, path))
        found = next((each for each in texts if each and _ANYBODYS.fullmatch(each)), None)
        if found is not None:
            subject.hit("path-redirection", node, f"imports from {found!r:.40}")
        elif not is_literal(path) and taint.of(path) is Origin.EXTERNAL:
            subject.hit("path-redirection", node, "imports from a folder that is named outside")


def _imports_unknown(subject: Subject) -> bool:
    """Say whether a module is imported that does not come with Python."""
    known = sys.stdlib_module_names
    for node in subject.program.of(ast.Import):
        if any(alias.name.partition(".")[0] not in known for alias in node.names):
            return True
    for source in subject.program.of(ast.ImportFrom):
        if source.level == 0 and (source.module or "").partition(".")[0] not in known:
            return True
    return any(
        name in ("importlib.import_module", "builtins.__import__")
        for call in subject.program.of(ast.Call)
        for name in subject.resolver.names(call.func)
    )
