"""Patterns of validators, matched in bounded time.

The host's matcher goes back over a text as often as a pattern makes it. It is used where the
pattern cannot make it do that for long; any other pattern runs as an automaton that reads each
character once.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from . import limits

if sys.version_info >= (3, 11):
    from re import _constants as constants, _parser as parser  # type: ignore[attr-defined]
else:
    import sre_constants as constants
    import sre_parse as parser

_MANY: Final = 16  # repetitions that count as any number
_EASY: Final = 2_000_000  # characters the host's matcher may look at
_PROGRAM: Final = 4000  # instructions
_Instruction = tuple[str, Any, Any]


class PatternError(ValueError):
    """A pattern that cannot be read, or that no automaton can run."""


class PatternLimitError(RuntimeError):
    """A match that takes too long."""


class Pattern:
    """A compiled pattern; `matches` tells whether it fits the whole of a text."""

    def __init__(self, source: str) -> None:
        if len(source) > limits.PATTERN:
            raise PatternError(f"a pattern may have {limits.PATTERN} characters")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.expression = re.compile(source)
                tree = parser.parse(source)
        except (re.error, OverflowError, RecursionError) as fault:
            raise PatternError(f"this is no pattern: {fault}") from None
        self.repeats, self.nested = _repeats(tree, within=False)
        self.program: list[_Instruction] | None = None
        try:
            self.program = _assemble(tree)
        except PatternError:
            if self.nested:
                raise

    def cost(self, text: str) -> int:
        """Return what matching a text takes at most, in turns of a loop, about."""
        if not self.nested and len(text) ** max(self.repeats, 1) <= _EASY:
            return int(len(text) ** max(self.repeats, 1)) >> 5
        return min(limits.PATTERN_STEPS, len(text) * len(self.program or ())) >> 2

    def matches(self, text: str) -> bool:
        """Tell whether the pattern fits the whole text.

        Raises:
            PatternLimitError: When that takes too long.
        """
        if not self.nested and len(text) ** max(self.repeats, 1) <= _EASY:
            return self.expression.fullmatch(text) is not None
        if self.program is None:
            raise PatternLimitError
        return _run(self.program, text)


@lru_cache(maxsize=256)
def compile_pattern(source: str) -> Pattern:
    """Return a compiled pattern, or the one compiled before.

    Raises:
        PatternError: With what is wrong.
    """
    return Pattern(source)


def _repeats(tree: Any, *, within: bool) -> tuple[int, bool]:
    """Count the repetitions of any number, and say whether some stand within each other."""
    count, nested = 0, False
    for operation, argument in tree:
        if operation in {constants.MAX_REPEAT, constants.MIN_REPEAT}:
            many = argument[1] is constants.MAXREPEAT or argument[1] > _MANY
            varies = argument[0] != argument[1]
            inner, deeper = _repeats(argument[2], within=within or many)
            count += inner + (1 if many else 0)
            nested = nested or deeper or (within and varies)
        elif operation is constants.GROUPREF:
            nested = True
        elif operation is constants.BRANCH:
            for each in argument[1]:
                inner, deeper = _repeats(each, within=within)
                count += inner
                nested = nested or deeper or within
        else:
            for each in _inside(operation, argument):
                inner, deeper = _repeats(each, within=within)
                count, nested = count + inner, nested or deeper
    return count, nested


def _inside(operation: Any, argument: Any) -> list[Any]:
    if operation is constants.SUBPATTERN:
        return [argument[3]]
    if operation in {constants.ASSERT, constants.ASSERT_NOT}:
        return [argument[1]]
    name = operation.name
    if name == "ATOMIC_GROUP":
        return [argument]
    if name == "POSSESSIVE_REPEAT":
        return [argument[2]]
    if name == "GROUPREF_EXISTS":
        return [each for each in argument[1:] if each is not None]
    return []


def _assemble(tree: Any) -> list[_Instruction]:
    if tree.state.flags & ~re.UNICODE:
        raise PatternError("flags within a pattern are not supported here")
    program: list[_Instruction] = []
    _sequence(tree, program)
    program.append(("match", None, None))
    return program


def _sequence(tree: Any, program: list[_Instruction]) -> None:
    for operation, argument in tree:
        _one(operation, argument, program)
        if len(program) > _PROGRAM:
            raise PatternError("the pattern repeats too much")


def _one(operation: Any, argument: Any, program: list[_Instruction]) -> None:
    if operation in {constants.MAX_REPEAT, constants.MIN_REPEAT}:
        _repeat(argument, program)
    elif operation is constants.BRANCH:
        ends = []
        for each in argument[1][:-1]:
            split = len(program)
            program.append(("split", 0, 0))
            _sequence(each, program)
            ends.append(len(program))
            program.append(("jump", 0, None))
            program[split] = ("split", split + 1, len(program))
        _sequence(argument[1][-1], program)
        for end in ends:
            program[end] = ("jump", len(program), None)
    elif operation is constants.SUBPATTERN and not argument[1] and not argument[2]:
        _sequence(argument[3], program)
    elif operation is constants.AT:
        program.append(("at", argument.name, None))
    else:
        program.append(("take", _test(operation, argument), None))


def _repeat(argument: Any, program: list[_Instruction]) -> None:
    least, most, tree = argument
    for _ in range(least):
        _sequence(tree, program)
    if most is constants.MAXREPEAT:
        split = len(program)
        program.append(("split", 0, 0))
        _sequence(tree, program)
        program.append(("jump", split, None))
        program[split] = ("split", split + 1, len(program))
        return
    splits = []
    for _ in range(most - least):
        splits.append(len(program))
        program.append(("split", 0, 0))
        _sequence(tree, program)
        if len(program) > _PROGRAM:
            raise PatternError("the pattern repeats too much")
    for split in splits:
        program[split] = ("split", split + 1, len(program))


def _test(operation: Any, argument: Any) -> Callable[[str], bool]:
    if operation is constants.LITERAL:
        wanted = chr(argument)
        return lambda c: c == wanted
    if operation is constants.NOT_LITERAL:
        unwanted = chr(argument)
        return lambda c: c != unwanted
    if operation is constants.ANY:
        return lambda c: c != "\n"
    if operation is constants.IN:
        negated = argument[0][0] is constants.NEGATE
        tests = [_member(*each) for each in argument if each[0] is not constants.NEGATE]
        if negated:
            return lambda c: not any(test(c) for test in tests)
        return lambda c: any(test(c) for test in tests)
    raise PatternError("the pattern repeats what it looks back or ahead for")


def _member(operation: Any, argument: Any) -> Callable[[str], bool]:
    if operation is constants.RANGE:
        low, high = argument
        return lambda c: low <= ord(c) <= high
    if operation is constants.CATEGORY:
        name = argument.name
        letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name.rpartition("_")[2]]
        find = re.compile("\\" + (letter.upper() if "_NOT_" in name else letter)).match
        return lambda c: find(c) is not None
    return _test(operation, argument)


def _run(program: list[_Instruction], text: str) -> bool:
    steps = 0
    current = _close(program, [0], text, 0)
    for place, character in enumerate(text):
        steps += len(current)
        if steps > limits.PATTERN_STEPS:
            raise PatternLimitError
        if not current:
            return False
        after = [
            state + 1 for state in current
            if program[state][0] == "take" and program[state][1](character)
        ]  # fmt: skip
        current = _close(program, after, text, place + 1)
    return any(program[state][0] == "match" for state in current)


def _close(program: list[_Instruction], states: list[int], text: str, place: int) -> list[int]:
    """Follow everything that takes no character."""
    seen: set[int] = set()
    found: list[int] = []
    waiting = states[::-1]
    while waiting:
        state = waiting.pop()
        if state in seen:
            continue
        seen.add(state)
        kind, first, second = program[state]
        if kind == "split":
            waiting += [second, first]
        elif kind == "jump":
            waiting.append(first)
        elif kind == "at":
            if _holds(first, text, place):
                waiting.append(state + 1)
        else:
            found.append(state)
    return found


def _holds(name: str, text: str, place: int) -> bool:
    if name in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
        return place == 0
    if name == "AT_END_STRING":
        return place == len(text)
    if name == "AT_END":
        return place == len(text) or (place == len(text) - 1 and text[place] == "\n")
    sides = [0 <= at < len(text) and (text[at].isalnum() or text[at] == "_")
             for at in (place - 1, place)]  # fmt: skip
    return (sides[0] != sides[1]) is (name == "AT_BOUNDARY")
