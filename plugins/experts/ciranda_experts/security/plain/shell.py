"""A shell's text cut into commands: words without their quotes, and what is run within them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from ..limits import COMMANDS

__all__ = ["Command", "Script", "read_shell"]

_OPERATOR: Final = re.compile(r"\n|&&|\|\||;;|;|\|&?|&>>?|&|\(|\)|>>|>&\d?|>\|?|<<<|<<-?|<>|<")
_PLAIN: Final = re.compile(r"[^\s'\"\\$`;|&()<>#]++")
_DOUBLE: Final = re.compile(r"[^\"\\$`]++")
_HEREDOC: Final = re.compile(r"\s*(['\"]?)([\w.-]+)\1")


@dataclass(slots=True)
class Command:
    """One command.

    Args:
        offset: Where it begins.
        words: Its words, quotes removed; what another command would give is `$()`.
        before: The operator before it, such as `|`; "" at the start.
        targets: Files that it writes to.
        after: The operator after it.
        fed: Text that is given to it (`<<<`, `<<`).
    """

    offset: int
    words: list[str] = field(default_factory=list)
    before: str = ""
    targets: list[str] = field(default_factory=list)
    after: str = ""
    fed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Script:
    """Commands of a script, and the texts of commands within them with where they begin."""

    commands: list[Command] = field(default_factory=list)
    within: list[tuple[str, int]] = field(default_factory=list)
    fault: str = ""
    at: int = 0


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.script = Script()
        self.command = Command(0)
        self.word: list[str] | None = None
        self.waiting = ""  # an operator that takes the next word
        self.heredocs: list[tuple[str, Command]] = []

    def read(self) -> Script:
        size = len(self.text)
        while self.at < size and not self.script.fault:
            self._step(self.text[self.at])
        self._end_command("")
        return self.script

    def _fault(self, what: str) -> None:
        self.script.fault, self.script.at = what, self.at
        self.at = len(self.text)

    def _add(self, piece: str) -> None:
        if self.word is None:
            self.word = []
            if not self.command.words:
                self.command.offset = self.at
        self.word.append(piece)

    def _end_word(self) -> None:
        if self.word is None:
            return
        word, self.word = "".join(self.word), None
        if self.waiting:
            kind, self.waiting = self.waiting, ""
            if kind == "<<<":
                self.command.fed.append(word)
            elif ">" in kind:
                self.command.targets.append(word)
            return
        self.command.words.append(word)

    def _end_command(self, operator: str) -> None:
        self._end_word()
        self.waiting = ""
        if self.command.words or self.command.targets or self.command.fed:
            self.command.after = operator
            self.script.commands.append(self.command)
            if len(self.script.commands) > COMMANDS:
                self._fault("too long to be judged in one piece")
        self.command = Command(self.at, before=operator)

    def _step(self, mark: str) -> None:  # noqa: PLR0912  # one case a sign
        if mark == "\\":
            if self.text[self.at + 1 : self.at + 2] != "\n":
                self._add(self.text[self.at + 1 : self.at + 2])
            self.at += 2
        elif mark == "'":
            self._single(self.at + 1)
        elif mark == '"':
            self._double()
        elif mark == "$":
            self._dollar()
        elif mark == "`":
            self._backtick()
        elif mark == "#" and self.word is None:
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
        elif mark in " \t\r\f\v":
            self._end_word()
            self.at += 1
        elif mark in "<>" and self.text.startswith("(", self.at + 1):
            self._nested(self.at + 2, f"{mark}()")
        elif (found := _OPERATOR.match(self.text, self.at)) is not None and not mark.isdigit():
            self._operator(found[0])
        else:
            found = _PLAIN.match(self.text, self.at)
            piece = found[0] if found else mark
            if piece.isdigit() and self.text[self.at + len(piece) : self.at + len(piece) + 1] in (
                "<",
                ">",
            ):
                self._end_word()  # 2>file
            else:
                self._add(piece)
            self.at += len(piece)

    def _operator(self, operator: str) -> None:
        if "<" in operator or (">" in operator):
            self._end_word()
            self.at += len(operator)
            if operator in ("<<", "<<-"):
                found = _HEREDOC.match(self.text, self.at)
                if found is not None:
                    self.heredocs.append((found[2], self.command))
                    self.at = found.end()
            elif not operator[-1:].isdigit():
                self.waiting = operator
            return
        self._end_command(operator)
        self.at += len(operator)
        self.command.offset = self.at
        if operator == "\n":
            for end, command in self.heredocs:
                self._heredoc(end, command)
            self.heredocs.clear()

    def _heredoc(self, end: str, command: Command) -> None:
        found = re.compile(rf"^\t*{re.escape(end)}$", re.MULTILINE).search(self.text, self.at)
        if found is None:
            self._fault("a here-document without an end")
            return
        command.fed.append(self.text[self.at : found.start()])
        self.at = found.end()

    def _single(self, start: int) -> None:
        end = self.text.find("'", start)
        if end < 0:
            self._fault("a text without an end")
            return
        self._add(self.text[start:end])
        self.at = end + 1

    def _double(self) -> None:
        self._add("")
        self.at += 1
        while not self.script.fault:
            found = _DOUBLE.match(self.text, self.at)
            if found is not None:
                self._add(found[0])
                self.at = found.end()
            mark = self.text[self.at : self.at + 1]
            if mark == '"':
                self.at += 1
                return
            if mark == "\\":
                self._add(self.text[self.at + 1 : self.at + 2])
                self.at += 2
            elif mark == "$":
                self._dollar()
            elif mark == "`":
                self._backtick()
            else:
                self._fault("a text without an end")

    def _dollar(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following == "(":
            self._nested(self.at + 2, "$()")
        elif following == "{":
            end = self.text.find("}", self.at)
            if end < 0:
                self._fault("${ without an end")
                return
            self._add(self.text[self.at : end + 1])
            self.at = end + 1
        elif following == "'":
            self._single(self.at + 2)
        else:
            self._add("$")
            self.at += 1

    def _backtick(self) -> None:
        end = self.text.find("`", self.at + 1)
        if end < 0:
            self._fault("` without an end")
            return
        self.script.within.append((self.text[self.at + 1 : end], self.at + 1))
        self._add("$()")
        self.at = end + 1

    def _nested(self, start: int, shown: str) -> None:
        """Skip to the bracket that closes one that is open; quotes hide brackets."""
        depth, at = 1, start
        mark = re.compile(r"[()'\"\\]")
        while depth:
            found = mark.search(self.text, at)
            if found is None:
                self._fault(f"{shown[0]}( without an end")
                return
            at = found.end()
            if found[0] == "\\":
                at += 1
            elif found[0] in "'\"":
                at = self.text.find(found[0], at) + 1
                if at == 0:
                    self._fault("a text without an end")
                    return
            else:
                depth += 1 if found[0] == "(" else -1
        if not (shown == "$()" and self.text.startswith("(", start)):  # $((arithmetic))
            self.script.within.append((self.text[start : at - 1], start))
        self._add(shown)
        self.at = at


def read_shell(text: str) -> Script:
    """Cut a script into commands, without running or expanding anything."""
    return _Reader(text).read()
