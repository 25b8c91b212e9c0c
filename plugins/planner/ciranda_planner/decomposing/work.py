"""The work that words name: an action, a command, the files that it goes over."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ciranda.errors import CirandaError
from ciranda.workflow.load import parse

from ..faults import FaultKind
from .patterns import is_pattern
from .spans import SPAN, Masked

__all__ = ["Work", "fill", "find_work"]

_USES: Final = re.compile(r"uses:?\s+([\w.-]+)(?:\s+with:?\s*(\{.*\}))?", re.DOTALL)
_WITH: Final = re.compile(r"with:?\s*(\{.*\})", re.DOTALL)
_NAMED: Final = re.compile(
    r"\buses:?\s+(?:(?:the )?action\s+)?(?:\ue000(\d+)\ue001|(\w+(?:\.[\w-]+)+))", re.IGNORECASE
)
_BEFORE: Final = re.compile(r"\bwith:\s*$", re.IGNORECASE)
# Without a word besides these, a title would not tell what the command is for.
_SILENT: Final = "run|execute|call|do|start|use|the|for|each|every|all|in|on|of|to|and|it"
_TELLING: Final = re.compile(rf"\b(?!(?:{_SILENT})\b)[^\W\d_]{{2,}}", re.IGNORECASE)
_TIED: Final = r"\b(?:with|using|via|by running|by|running)|[:,\u2013\u2014-]"
_WORD: Final = re.compile(r"(?<![\w./*?\[\]\ue001])[\w./*?\[\]!~-]+(?![\w/*?\ue000])")
_SHELL: Final = frozenset({"|", "||", "&", "&&", ";", ">", ">>", "<", "<<", "2>", "2>&1"})
_PLACE: Final = re.compile(r"\{([a-z]+)\}")
_BACKGROUND: Final = re.compile(r"[|;&<>]")


@dataclass(slots=True)
class Work:
    """What does a task: an action with its inputs, or the words of a command.

    `title` is what is left of the words that name it.
    """

    uses: str = ""
    with_: dict[str, Any] | None = None
    command: list[str] = field(default_factory=list)
    title: Masked = field(default_factory=lambda: Masked("", ()))

    def __bool__(self) -> bool:
        return bool(self.uses or self.command)


Faults = list[tuple[FaultKind, str]]


def find_work(masked: Masked, is_file: Callable[[str], bool]) -> tuple[Work, list[str], Faults]:
    """Return the work that words name, the files that it goes over, and what is wrong with it."""
    work, patterns, faults = Work(), [], Faults()
    text = masked.text
    if named := _NAMED.search(text):
        work.uses = masked.spans[int(named[1])] if named[1] else named[2]
        text = text[: named.start()] + text[named.end() :]
    commands = []
    for found in SPAN.finditer(text):
        span = masked.spans[int(found[1])]
        if whole := _USES.fullmatch(span):
            work.uses = whole[1]
            if whole[2]:
                _inputs(whole[2], work, faults)
            text = _without(found[0], text)
        elif (inputs := _WITH.fullmatch(span)) or _BEFORE.search(text[: found.start()]):
            _inputs(inputs[1] if inputs else span, work, faults)
            text = _without(found[0], text)
        elif is_pattern(span) or (not span.startswith("./") and is_file(span)):
            patterns.append(span)
        else:
            commands.append(span)
            less = _without(found[0], text)
            text = less if _TELLING.search(SPAN.sub("", less)) else text
    patterns += [word for word in _WORD.findall(masked.text) if is_pattern(word)]
    if len(commands) > 1:
        shown = " and ".join(f"`{command}`" for command in commands)
        fault = f"{shown} are {len(commands)} commands in one task: write a task for each"
        faults.append((FaultKind.INVALID_WORK, fault))
    elif commands and work.uses:
        fault = f"the task has an action, `{work.uses}`, and a command, `{commands[0]}`: keep one"
        faults.append((FaultKind.INVALID_WORK, fault))
    elif commands:
        _command(commands[0], work, faults)
    words = " ".join(text.split()).strip(" ,;:")
    work.title = masked.part(words if any(map(str.isalnum, words)) else masked.text)
    return work, patterns, faults


def _without(span: str, text: str) -> str:
    """Return a text without a span and the word that led to it."""
    return re.sub(rf"(?:(?:{_TIED})\s+)?{span}", "", text, count=1, flags=re.IGNORECASE)


def _inputs(text: str, work: Work, faults: Faults) -> None:
    try:
        value = parse(text)
    except CirandaError as error:
        text = f"`{text}` is no mapping of inputs: {str(error).splitlines()[0]}"
        faults.append((FaultKind.INVALID_WORK, text))
        return
    work.with_ = dict(value)


def _command(command: str, work: Work, faults: Faults) -> None:
    try:
        words = shlex.split(command.removeprefix("$ "))
    except ValueError as error:
        text = f"`{command}` is no command: {str(error).lower()}"
        faults.append((FaultKind.INVALID_WORK, text))
        return
    bare = shlex.split(command, posix=False) if words else []
    odd = next((word for word in bare if word in _SHELL or _glued(word)), None)
    if odd:
        text = (
            f"`{command}` needs a shell for `{odd}`, and commands run without one: write a task "
            "for each program, or a script"
        )
        faults.append((FaultKind.INVALID_WORK, text))
    elif listed := next((word for word in bare if is_pattern(word) and word[0] not in "\"'"), None):
        text = (
            f"`{command}` needs a shell for `{listed}`: write `{{file}}` in its place, and "
            f'"for each `{listed}`" before it'
        )
        faults.append((FaultKind.INVALID_WORK, text))
    else:
        work.command = words


def _glued(word: str) -> bool:
    return word[0] not in "\"'" and word[-1] in ";|&" and bool(_BACKGROUND.search(word))


def fill(value: Any, words: Mapping[str, str]) -> Any:
    """Put words in place of `{file}` and its like, in all texts of a value."""
    if isinstance(value, str):
        return _PLACE.sub(lambda found: words.get(found[1], found[0]), value)
    if isinstance(value, Mapping):
        return {key: fill(one, words) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [fill(one, words) for one in value]
    return value
