"""What hides text is undone, within bounds."""

from __future__ import annotations

import ast
import zlib

import pytest

from ciranda_experts.security.python.folding import UNKNOWN, Folding
from ciranda_experts.security.python.program import Program


def worth(text: str):
    tree = ast.parse(text)
    last = tree.body[-1]
    assert isinstance(last, ast.Expr)
    return Folding(Program(tree)).value(last.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'eval'.encode().decode('ascii')", "eval"),
        ("codecs.decode('riny', 'rot13')", "eval"),
        ("base64.b64decode('ZXZhbA==').decode()", "eval"),
        ("base64.urlsafe_b64decode('ZXZhbA==')", b"eval"),
        ("base64.b32decode('MV3GC3A=')", b"eval"),
        ("base64.b16decode('6576616C')", b"eval"),
        ("base64.b85decode('Wp-g~')", b"eval"),
        ("bytes.fromhex('6576616c')", b"eval"),
        ("binascii.unhexlify('6576616c')", b"eval"),
        (f"zlib.decompress({zlib.compress(b'eval')!r})", b"eval"),
        ("bytes([101, 118, 97, 108]).decode()", "eval"),
        ("bytes('eval', 'utf-8')", b"eval"),
        ("''.join(chr(c) for c in (101, 118, 97, 108))", "eval"),
        ("''.join(chr(c ^ 1) for c in b'dw`m')", "eval"),
        ("''.join(reversed('lave'))", "eval"),
        ("str(b'eval', 'utf-8')", "eval"),
        ("chr(int('65', 16))", "e"),
        ("unquote('%65val')", "eval"),
        ("'xexvxaxl'.replace('x', '')", "eval"),
        ("'EVAL'.swapcase()", "eval"),
        ("'e v a l'.split()[0]", "e"),
        ("'lave'[::-1]", "eval"),
        ("'{1}{0}'.format('al', 'ev')", "eval"),
        ("'%s%s' % ('ev', 'al')", "eval"),
        ("a = 'ev'\nf'{a}al'", "eval"),
        ("''.join([chr(n) for n in range(97, 100)])", "abc"),
        ("(x := 'eval')", "eval"),
        ("'a' if 1 > 2 else 'eval'", "eval"),
        ("hex(255) + str(len(list('ab')))", "0xff2"),
        ("~5", -6),
        ("+5 << 2 >> 1 | 1 & 3 ^ 2", 11),
        ("7 // 2 * 3 - 7 % 4", 6),
    ],
)
def test_a_constant_is_worked_out(text, value):
    assert worth(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "'a' * 10 ** 9",
        "2 ** 10 ** 9",
        "1 << 10 ** 9",
        "'%999999999d' % 1",
        "'{:>999999999}'.format(1)",
        "'{0.real}'.format(1)",
        "('a' * 60000).replace('a', 'a' * 60000)",
        "('a' * 60000).join(['a'] * 60000)",
        "('{}' * 9000).format(*'a')",
        "range(10 ** 9)",
        "list(range(10 ** 9))",
        "bytes(10 ** 9)",
        "int('9' * 9999)",
        "'a'.encode('zlib')",
        "b'a'.decode('cp65001')",
        "zlib.decompress(b'nothing')",
        "base64.b64decode('a')",
        "chr(-1)",
        "1 / 0",
        "'a' + 1",
        "x",
        "f(1)",
        "'a'.translate({})",
        "x = 1\nx = 2\nx",
        "x = 'a'\ndel x\nx",
        "[y for y in (1, 2) if y]",
        "''.join(f(c) for c in 'ab')",
    ],
)
def test_what_is_too_large_or_not_known_is_left_alone(text):
    assert worth(text) is UNKNOWN
