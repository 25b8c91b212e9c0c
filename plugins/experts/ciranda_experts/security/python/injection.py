"""Text from elsewhere that becomes SQL, a command, a path or a template."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from typing import Final

from .folding import UNKNOWN
from .report import Subject
from .shape import keyword
from .taint import Origin, Taint

__all__ = ["check_injection"]

_SQL: Final = re.compile(
    r"\b(?:select|insert\s+into|update|delete\s+from|drop\s+table|replace\s+into|alter\s+table|"
    r"where|union|truncate|create\s+table|grant)\b",
    re.IGNORECASE,
)
_EXECUTING: Final = frozenset(
    {
        "execute",
        "executemany",
        "executescript",
        "raw",
        "execute_sql",
        "read_sql",
        "read_sql_query",
        "mogrify",
        "exec_driver_sql",
        "fetchval",
        "fetchrow",
        "fetch",
    }
)
_SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "ksh", "cmd", "cmd.exe", "powershell"})
_PROCESS: Final = frozenset(
    f"subprocess.{name}"
    for name in (
        "run",
        "Popen",
        "call",
        "check_call",
        "check_output",
        "getoutput",
        "getstatusoutput",
    )
) | {"asyncio.create_subprocess_exec"}
_COMMANDS: Final = frozenset(
    {
        "os.system",
        "os.popen",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
        "popen2.popen2",
        "commands.getoutput",
        "asyncio.create_subprocess_shell",
        "posix.system",
        "nt.system",
        "os.popen2",
        "os.popen3",
        "os.popen4",
        "platform.popen",
    }
)
_OPENING: Final = frozenset(
    {
        "builtins.open",
        "io.open",
        "os.open",
        "codecs.open",
        "os.remove",
        "os.unlink",
        "shutil.rmtree",
        "flask.send_file",
        "pathlib.Path()",
        "os.listdir",
    }
)
_TEMPLATES: Final = (
    "jinja2.Template",
    "mako.template.Template",
    "flask.render_template_string",
    "jinja2.Environment().from_string",
    "django.template.Template",
    "tornado.template.Template",
)


def check_injection(subject: Subject, taint: Taint) -> None:
    """Look at every call that gives text to a database, a shell, the disk or a template."""
    for call in subject.program.of(ast.Call):
        names = subject.resolver.names(call.func)
        if isinstance(call.func, ast.Attribute) and call.args:
            if call.func.attr in _EXECUTING or any(n.endswith(".text") for n in names):
                _sql(subject, call, taint)
            if call.func.attr in ("format", "format_map"):
                _format(subject, call, taint)
        for name in names:
            if name in _PROCESS:
                _process(subject, call, taint)
            if name in _COMMANDS:
                _command(subject, call, taint)
            elif name in _OPENING and call.args and taint.of(call.args[0]) is Origin.EXTERNAL:
                subject.hit("path-traversal", call, "the path comes from outside")
            elif name.startswith(_TEMPLATES) and call.args and not name.endswith("()"):
                _template(subject, call, taint)
            elif name == "sqlalchemy.text" and call.args:
                _sql(subject, call, taint)


def _made(subject: Subject, node: ast.expr) -> ast.expr:
    """Return what a name is bound to, where it is bound once; else the expression itself."""
    if isinstance(node, ast.Name):
        owner = subject.program.scope(node).owner(node.id)
        if owner is not None and len(owner.bindings[node.id]) == 1:
            return owner.bindings[node.id][0].value or node
    return node


def _sql(subject: Subject, call: ast.Call, taint: Taint) -> None:
    text = _made(subject, call.args[0])
    if isinstance(text, ast.Call) and subject.resolver.names(text.func) == ("sqlalchemy.text",):
        return  # looked at where it is called
    for each in _versions(subject, call.args[0], text):
        parts = taint.parts(each)
        if parts is None or not _SQL.search(taint.constant(each)):
            continue
        worst = max((taint.of(part) for part in parts), default=Origin.SAFE)
        if worst >= Origin.CALLER:
            subject.hit("sql-injection", call, "the query is put together from what came in")
            return
        if worst is Origin.UNKNOWN:
            subject.hit("sql-building", call, "the query is put together from parts")
            return


def _versions(subject: Subject, node: ast.expr, made: ast.expr) -> list[ast.expr]:
    """Return all that a name is bound to, additions with `+=` included."""
    if made is not node or not isinstance(node, ast.Name):
        return [made]
    owner = subject.program.scope(node).owner(node.id)
    if owner is None:
        return []
    versions: list[ast.expr] = []
    start: ast.expr | None = None
    for each in owner.bindings[node.id]:
        if each.value is not None:
            start = each.value
            versions.append(each.value)
        elif each.source is not None and start is not None:
            versions.append(_sum(start, each.source))
    return versions


def _sum(left: ast.expr, right: ast.expr) -> ast.expr:
    return ast.copy_location(ast.BinOp(left=left, op=ast.Add(), right=right), right)


def _command(subject: Subject, call: ast.Call, taint: Taint) -> None:
    command = call.args[0] if call.args else keyword(call, "cmd") or keyword(call, "command")
    if command is None:
        return
    subject.hit("shell-command", call, "a shell reads the text")
    _shell_text(subject, call, command, taint)


def _shell_text(subject: Subject, call: ast.Call, command: ast.expr, taint: Taint) -> None:
    text = subject.folding.value(command)
    if isinstance(text, str):
        subject.payloads.append((text, "shell", call))
        return
    made = _made(subject, command)
    parts = taint.parts(made)
    worst = max((taint.of(each) for each in parts or [made]), default=Origin.SAFE)
    if worst is Origin.EXTERNAL or (parts and worst is Origin.CALLER):
        subject.hit("command-injection", call, "the command is put together from what came in")


def _process(subject: Subject, call: ast.Call, taint: Taint) -> None:
    command = call.args[0] if call.args else keyword(call, "args")
    if command is None:
        return
    shell = keyword(call, "shell")
    for each in call.keywords if shell is None else ():
        if each.arg is None:  # `**options`, where their table is known
            table = ast.Call(
                func=call.func, args=[], keywords=[ast.keyword(None, _made(subject, each.value))]
            )
            shell = shell or keyword(table, "shell")
    if shell is not None and subject.folding.truth(shell) is not False:
        sure = subject.folding.truth(shell) is True
        subject.hit("process-shell" if sure else "process-maybe-shell", call, "a shell reads it")
        if sure:
            _shell_text(subject, call, command, taint)
        return
    if isinstance(call.func, ast.Attribute) and call.func.attr == "create_subprocess_exec":
        words: list[ast.expr] = list(call.args)
    else:
        made = _made(subject, command)
        words = list(made.elts) if isinstance(made, (ast.List, ast.Tuple)) else []
        if not words and subject.folding.text(made) is None and _is_text(made, taint):
            subject.hit("process-text", call, "the command is a text that is put together")
        elif subject.folding.text(made) is not None and not words:
            subject.payloads.append((subject.folding.text(made) or "", "shell", call))
    first = subject.folding.text(words[0]) if words else None
    if first is not None and first.replace("\\", "/").rpartition("/")[2] in _SHELLS:
        _shell_words(subject, call, words, taint)
    elif words:
        texts = [subject.folding.text(each) for each in words]
        known = [each if each is not None else "x" for each in texts]
        if known and any(texts):
            quoted = " ".join("'" + each.replace("'", "'\\''") + "'" for each in known)
            subject.payloads.append((quoted, "shell", call))


def _is_text(node: ast.expr, taint: Taint) -> bool:
    """Say whether a text is put together here; a sum may be of lists."""
    return bool(taint.parts(node)) and (
        isinstance(node, ast.JoinedStr) or bool(taint.constant(node))
    )


def _shell_words(subject: Subject, call: ast.Call, words: list[ast.expr], taint: Taint) -> None:
    for flag, text in pairwise(words[1:]):
        if subject.folding.text(flag) in ("-c", "-lc", "-ic", "/c", "/C", "-Command", "-Enc"):
            subject.hit("process-shell", call, "a shell is started to read it")
            _shell_text(subject, call, text, taint)
            return
    if len(words) == 1:
        subject.hit("shell-started", call, "a shell is started")


def _format(subject: Subject, call: ast.Call, taint: Taint) -> None:
    if isinstance(call.func, ast.Attribute):
        template = call.func.value
        if subject.folding.value(template) is UNKNOWN and taint.of(template) is Origin.EXTERNAL:
            subject.hit("format-injection", call, "the format comes from outside")


def _template(subject: Subject, call: ast.Call, taint: Taint) -> None:
    worst = taint.of(call.args[0])
    parts = taint.parts(call.args[0]) or []
    worst = max([worst, *(taint.of(each) for each in parts)])
    if worst is Origin.EXTERNAL or (parts and worst >= Origin.CALLER):
        subject.hit("template-injection", call, "the template comes from outside")
    elif worst is Origin.CALLER:
        subject.hit("template-from-caller", call, "the template comes from the caller")
