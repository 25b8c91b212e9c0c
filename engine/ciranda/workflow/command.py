"""What `run` means: the inputs of the action `program.run`."""

from __future__ import annotations

import re
import shlex
from typing import Any, Final

from ciranda.errors import Fault
from ciranda.expressions import ExpressionError, compile_template
from ciranda.workflow.places import Places

__all__ = ["read_command"]

_BESIDE: Final = {
    "stdin": "stdin",
    "cwd": "cwd",
    "parse": "parse",
    "ok-codes": "ok_codes",
    "inherit-env": "inherit_env",
}
# What only a shell gives a meaning to, when it stands as a word of its own.
_SHELL_WORDS: Final = frozenset({"|", "||", "&&", ";", ">", ">>", "<", "2>", "2>&1", "&", "|&"})
# Stands for an expression while a line is split; no file can hold this character.
_MARK: Final = "\0"
# What a shell replaces by something else, unless it is escaped or in single quotes; these are
# letters like any other in double quotes, the second.
_FOUND: Final = r"\\.|(?P<found>\$[A-Za-z_]\w*|\$\{\w+\}|\$\([^)]*\)|`[^`]*`)|\""
_REPLACED: Final = re.compile(rf"'[^']*'|{_FOUND}", re.DOTALL), re.compile(_FOUND, re.DOTALL)


def read_command(
    step: dict[str, Any], at: tuple[str | int, ...], places: Places, faults: list[Fault]
) -> dict[str, Any]:
    """Return the inputs of `program.run` for the step at a path; faults go into `faults`."""
    inputs = {_BESIDE[key]: value for key, value in step.items() if key in _BESIDE}
    run = step["run"]
    path = (*at, "run")
    if step.get("shell"):
        return {**_shell(run, path, places, faults), **inputs}
    if isinstance(run, list):
        words = [places.text((*path, at), word) for at, word in enumerate(run)]
    else:
        words = _split(run, path, places, faults)
    if words and not words[0].strip():
        where = (*path, 0) if isinstance(run, list) else path
        faults.append(
            places.fault(where, "the first word of `run` names a program, and it is empty")
        )
    return {"argv": words, **inputs}


def _shell(
    run: str | list[Any], path: tuple[str | int, ...], places: Places, faults: list[Fault]
) -> dict[str, Any]:
    if isinstance(run, list):
        faults.append(
            places.fault(
                path,
                "a shell takes one text, not a list of words",
                hint="write `run: |` and the lines, or leave `shell` out",
            )
        )
        return {}
    if "${{" in run.replace("$${{", ""):
        faults.append(
            places.fault(
                path,
                "an expression in the text of a shell would let a value run as a command",
                hint="pass it by `env` or `stdin` and write `$NAME`",
                kind="shell-expression",
                offset=run.find("${{"),
            )
        )
    return {"command": run.replace("$${{", "${{"), "shell": True}


def _split(run: str, path: tuple[str | int, ...], places: Places, faults: list[Fault]) -> list[str]:
    try:
        parts = compile_template(run).parts
    except ExpressionError as error:
        faults.append(places.fault(path, error.message, offset=error.offset, kind="expression"))
        return []
    marked, held = "", []
    for part in parts:
        if isinstance(part, str):
            marked += part
        else:
            marked += _MARK
            held.append(f"${{{{ {part.source.strip()} }}}}")
    try:
        words = shlex.split(marked)
    except ValueError as error:
        reason = str(error).lower()
        faults.append(places.fault(path, f"`run` cannot be split into words: {reason}"))
        return []
    if not words:
        faults.append(places.fault(path, "`run` is empty"))
    problem = _shell_problem(run, marked)
    if problem:
        hint = "for a real shell write `shell: true`; for one program write a list of words"
        faults.append(places.fault(path, problem, hint=hint, kind="needs-shell"))
    expressions = iter(held)
    return [_restored(word, expressions) for word in words]


def _restored(word: str, expressions: Any) -> str:
    pieces = word.replace("${{", "$${{").split(_MARK)
    text = pieces[0]
    for piece in pieces[1:]:
        text += next(expressions) + piece
    return text


def _shell_problem(run: str, marked: str) -> str:
    lines = [line for line in run.splitlines() if line.strip()]
    if len(lines) > 1 and not all(line.rstrip().endswith("\\") for line in lines[:-1]):
        return "`run` holds several lines, and without a shell they would be one command"
    unquoted = shlex.shlex(marked, posix=False, punctuation_chars=False)
    unquoted.whitespace_split = True
    unquoted.commenters = ""
    for word in unquoted:
        if word in _SHELL_WORDS:
            return f"`{word}` means something to a shell only"
    at, quoted = 0, False
    while match := _REPLACED[quoted].search(marked, at):
        if match["found"]:
            return f"`{match['found'].replace(_MARK, '...')}` means something to a shell only"
        quoted ^= match[0] == '"'
        at = match.end()
    return ""
