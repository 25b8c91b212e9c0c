"""A small assembler for the filters of seccomp: from rules over system calls to instructions."""

import struct
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, final

import msgspec

from .numbers import ABSENT, NEWEST, number

__all__ = ["SELF", "Check", "Encoded", "Instruction", "Rule", "assemble", "encode"]

ALLOW: Final = 0x7FFF0000
KILL: Final = 0x80000000  # the process, not the thread
_ERRNO: Final = 0x00050000
_ENOSYS: Final = 38

_LOAD: Final = 0x20  # ld [k]
_AND: Final = 0x54  # and #k
_EQUAL: Final = 0x15  # jeq #k
_ABOVE: Final = 0x25  # jgt #k
_RETURN: Final = 0x06  # ret #k

# Offsets in struct seccomp_data; both machines are little-endian.
_NUMBER: Final = 0
_ARCH: Final = 4
_ARGUMENTS: Final = 16
_ARCHS: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "arm64": 0xC00000B7}

SELF: Final = -1  # stands for the process id, known only when the filter is loaded
_STEP: Final = struct.Struct("=HBBI")
_VALUE: Final = struct.Struct("=I")
_WORD: Final = 0xFFFFFFFF


class Instruction(NamedTuple):
    """One `struct sock_filter`; `k` may be `SELF`."""

    code: int
    jt: int
    jf: int
    k: int


@final
class Check(msgspec.Struct, frozen=True):
    """One comparison with half an argument.

    Args:
        argument: Counted from 0.
        value: What it must be, after the mask.
        mask: Bits that count.
        high: Whether the upper 32 bits are meant, not the lower.
    """

    argument: int
    value: int
    mask: int = _WORD
    high: bool = False


@final
class Rule(msgspec.Struct, frozen=True):
    """What some system calls answer.

    Args:
        names: The calls; those that a machine lacks are left out.
        errno: What a refused call fails with; 0 lets it seem to succeed and does nothing.
        unless: Ways to be let through: all checks of one of them hold.
        only: Refuse only in these ways: all checks of one of them hold.
    """

    names: tuple[str, ...]
    errno: int
    unless: tuple[tuple[Check, ...], ...] = ()
    only: tuple[tuple[Check, ...], ...] = ()


def _answer(value: int) -> Instruction:
    return Instruction(_RETURN, 0, 0, value)


def _clause(checks: Sequence[Check], verdict: int) -> list[Instruction]:
    """Return `verdict` when all checks hold, else go on behind."""
    tests: list[list[Instruction]] = []
    for check in checks:
        place = _ARGUMENTS + 8 * check.argument + (4 if check.high else 0)
        test = [Instruction(_LOAD, 0, 0, place)]
        if check.mask != _WORD:
            test.append(Instruction(_AND, 0, 0, check.mask))
        tests.append(test)
    length = sum(len(test) + 1 for test in tests)
    code: list[Instruction] = []
    for check, test in zip(checks, tests, strict=True):
        code += test
        behind = length - len(code) - 1 + 1  # over the other tests and the answer
        code.append(Instruction(_EQUAL, 0, behind, check.value))
    return [*code, _answer(verdict)]


def _ruled(rule: Rule, machine: str) -> list[Instruction]:
    found = [number(name, machine) for name in rule.names]
    numbers = [each for each in found if each != ABSENT]
    if not numbers:
        return []
    refusal = _ERRNO | rule.errno
    if not rule.unless and not rule.only:
        body = [_answer(refusal)]
    else:
        verdict, rest = (ALLOW, refusal) if rule.unless else (refusal, ALLOW)
        body = [step for way in rule.unless or rule.only for step in _clause(way, verdict)]
        body.append(_answer(rest))
    # Every path of the body answers, so the number stays loaded for whoever jumps over it.
    heads = [
        Instruction(_EQUAL, len(numbers) - 1 - place, 0, each) for place, each in enumerate(numbers)
    ]
    heads[-1] = heads[-1]._replace(jf=len(body))
    return heads + body


def assemble(rules: Iterable[Rule], machine: str) -> tuple[Instruction, ...]:
    """Return a filter that lets through what no rule refuses.

    Calls of another machine's table kill the process, the x32 table and calls newer than this
    module answer ENOSYS.

    Args:
        rules: The first that names a call decides.
        machine: As `os.uname` says.

    Raises:
        KeyError: There is no filter for this machine.
    """
    code = [
        Instruction(_LOAD, 0, 0, _ARCH),
        Instruction(_EQUAL, 1, 0, _ARCHS[machine]),
        _answer(KILL),
        Instruction(_LOAD, 0, 0, _NUMBER),
        Instruction(_ABOVE, 0, 1, NEWEST),
        _answer(_ERRNO | _ENOSYS),
    ]
    for rule in rules:
        code += _ruled(rule, machine)
    return (*code, _answer(ALLOW))


@final
class Encoded(msgspec.Struct, frozen=True):
    """The bytes of `struct sock_filter[]`, but for the process id.

    Args:
        raw: With zeros where the process id belongs.
        holes: Where that is.
    """

    raw: bytes
    holes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.raw) // _STEP.size

    def filled(self, pid: int) -> bytearray:
        """Return the bytes with this process id in all places."""
        raw = bytearray(self.raw)
        for place in self.holes:
            _VALUE.pack_into(raw, place, pid)
        return raw


def encode(code: Sequence[Instruction]) -> Encoded:
    """Return the bytes of a filter."""
    raw = b"".join(
        _STEP.pack(each.code, each.jt, each.jf, 0 if each.k == SELF else each.k) for each in code
    )
    holes = (_STEP.size * place + 4 for place, each in enumerate(code) if each.k == SELF)
    return Encoded(raw, tuple(holes))
