"""Documents made to break a reader: each is refused quickly, and the process lives on."""

import subprocess
import sys
import time

import pytest

from ciranda.errors import WorkflowError
from ciranda.workflow.document import parse_document

DEEP = 100_000
LIMIT_MS = 2000  # a tenth of it on a quiet machine; without limits, minutes
# One event of libyaml costs about a microsecond, so 200,000 of them cannot be counted in less.
COUNTED_MS = 20_000


def read(data, **options):
    return parse_document(data, **options)


def _aliases(first, line, levels):
    return first + "".join(line.format(n=n, m=n - 1) for n in range(1, levels))


NESTED = "collections are nested more than 64 deep"
REPEATED = "the document has more than 200,000 values, counting what aliases repeat"
BOMBS = {
    "laughs": (
        _aliases("a0: &a0 [x, x]\n", "a{n}: &a{n} [" + "*a{m}, " * 9 + "]\n", 12),
        REPEATED,
    ),
    "mapping laughs": (
        _aliases("a0: &a0 {x: x}\n", "a{n}: &a{n} {{p: *a{m}, q: *a{m}}}\n", 40),
        REPEATED,
    ),
    "merge bomb": (
        _aliases("a0: &a0 {x: x}\n", "a{n}: &a{n} {{<<: [" + "*a{m}, " * 9 + "]}}\n", 12),
        REPEATED,
    ),
    "merge chain": (
        _aliases("a0: &a0 {x: x}\n", "a{n}: &a{n} {{<<: *a{m}, k{n}: 1}}\n", 5000),
        REPEATED,
    ),
    "alias ladder": (
        _aliases("a0: &a0 [x]\n", "a{n}: &a{n} [*a{m}]\n", 5000),
        "aliases nest collections more than 64 deep",
    ),
    "merge of many": (
        "a: &a {" + ", ".join(f"k{n}: 1" for n in range(20_000)) + "}\n"
        "b: &b {x: 1}\nc: {<<: [*a, " + "*b, " * 30_000 + "]}",
        None,
    ),
    "endless": ("&a [*a]", "repeats the collection it is in"),
    "open lists": ("[" * DEEP, NESTED),
    "closed lists": ("[" * DEEP + "]" * DEEP, NESTED),
    "open mappings": ("{" * DEEP, NESTED),
    "keyed mappings": ("{a: " * DEEP, NESTED),
    "items": ("- " * DEEP, NESTED),
    "questions": ("? " * DEEP, NESTED),
    "items and questions": ("- ? " * DEEP, NESTED),
    "lists and questions": ("[? " * DEEP, NESTED),
    "indented": ("\n".join(" " * n + "a:" for n in range(1000)), NESTED),
    "anchored": ("&a [" * DEEP, NESTED),
    "open quote": ("a: '" + "x\n" * 500_000, "is never closed"),
    "open list far up": ("[\n" + "#\n" * 500_000, "`[` opened here is never closed"),
    "long line": ("a: " + "x" * ((1 << 20) + 1), "the file is larger than 1 MiB"),
    "longest line": ("a: " + "x" * ((1 << 20) - 3), None),
    "long key": ("x" * 500_000 + ": 1", "key"),
    "long integer": ("a: " + "9" * 1_000_000, "does not fit in 64 bits"),
    "long float": ("a: " + "1" * 1_000_000 + ".5", "is too large for a number"),
    "long exponent": ("a: 1e" + "9" * 1_000_000, "is too large for a number"),
    "long anchor": ("&" + "a" * 1_000_000 + " b", None),
    "long tag": ("!" + "a" * 1_000_000 + " b", "is a tag"),
    "long alias": ("*" + "a" * 1_000_000, "is an alias"),
    "duplicates": ("a: 1\n" * 100_000, "`a` is written twice"),
    "tags": ("- !a b\n" * 100_000, "`!a` is a tag"),
    "tag lines": ("".join(f"%TAG !{n}! !\n" for n in range(50_000)), "`%TAG` has no use here"),
    "documents": ("--- 1\n" * 100_000, "a second document starts here"),
    "blank lines": ("\n" * 1_000_000, "the file is empty"),
    "comments": ("#\n" * 500_000 + "a: b: c", "f:500001:5: `: ` inside"),
    "folded blanks": ("a: >\n" + " \n" * 500_000, None),
    "NULs": ("\0" * 1_000_000, "not a text file"),
    "open escapes": ('a: "' + "\\u0041" * 150_000, "is never closed"),
    "comment tails": ("- ${{ #\n" * 100_000, "ended at ` #`"),
    "half expressions": ("- ${{\n" * 60_000 + "- !x", "`!x` is a tag"),
}
COUNTED = {
    "flow items": "[" + "a," * 200_001 + "]",
    "block items": "- a\n" * 200_001,
    "keys": "".join(f"k{n}: 1\n" for n in range(100_001)),
    "aliases": "a: &a x\nb: [" + "*a," * 300_000 + "]",
    "empty lists": "[" + "[]," * 200_001 + "]",
}
SLOW = {"merge of many", "half expressions"}  # as many values as are allowed


@pytest.mark.uncounted
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once(name):
    text, message = BOMBS[name]
    data = text.encode()

    found, elapsed = _read(data)

    assert (message or "") in found
    assert (found == "") == (message is None)
    assert elapsed <= (COUNTED_MS if name in SLOW else LIMIT_MS)


@pytest.mark.uncounted
@pytest.mark.parametrize("name", COUNTED)
def test_one_value_too_many_stops_the_reading(name):
    found, elapsed = _read(COUNTED[name].encode())

    assert "the document has more than 200,000 values" in found
    assert elapsed <= COUNTED_MS


def test_no_bomb_takes_the_process_down(tmp_path):
    for name, (text, _) in BOMBS.items():
        (tmp_path / f"{name}.yaml").write_bytes(text.encode())
    script = (
        "import pathlib, sys\n"
        "from ciranda.errors import WorkflowError\n"
        "from ciranda.workflow.document import read_document\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    try:\n"
        "        read_document(path).plain()\n"
        "    except WorkflowError as error:\n"
        "        assert str(error)\n"
        "print('alive')\n"
    )

    child = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (child.returncode, child.stdout, child.stderr) == (0, "alive\n", "")


def _read(data):
    """Return what was found wrong, and the best of three readings in milliseconds of CPU."""
    times = []
    for _ in range(3):
        found = ""
        start = time.process_time()
        try:
            read(data, file="f")
        except WorkflowError as error:
            found = str(error)
        times.append((time.process_time() - start) * 1000)
        if times[-1] <= LIMIT_MS:
            break
    return found, min(times)
