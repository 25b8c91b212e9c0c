"""Each way to get a workflow file wrong, and the sentence it is met with."""

import pytest

from ciranda.errors import WorkflowError
from ciranda.workflow.document import parse_document

QUOTE = "quote the whole value"
SPACES = "indent with spaces"
ESCAPES = "single quotes keep a backslash as it is; in double quotes write `\\\\`"
UNLIKE = "line it up with the keys it belongs to"
ITEM = "begin it with `- `, or indent it less or more"
TEXT = "check the indentation, or end the line above with a colon"
BLOCK = "quote the value, or start the text on the next line"
TWICE = "quote a value that holds `: `, or write a comma before the next key"
KEEP = "quote it to keep it as text"

MISTAKES = {
    # expressions
    "with: {path: ${{ inputs.x }}}": "f:1:14: unquoted `${{` in a flow mapping (quote the value)",
    "needs: [${{ x }}]": "f:1:9: unquoted `${{` in a flow list (quote the value)",
    "{a: b ${{ x }}}": "f:1:7: unquoted `${{` in a flow mapping (quote the value)",
    "a: ${{ b ? c : d }}": (
        f"f:1:14: an unquoted `${{{{` ends at `: `, which YAML reads as a key ({QUOTE})"
    ),
    "- ${{ b ? c : d }}": (
        "f:1:3: the key `${{ b ? c` is half an expression: `: ` inside it reads as a key"
        f" ({QUOTE})"
    ),
    "a: ${{ b #c }}": f"f:1:10: the expression ended at ` #` as a comment ({QUOTE})",
    "a: ${{ b['x # y'] }}": f"f:1:13: the expression ended at ` #` as a comment ({QUOTE})",
    "a: {{ x }}": (
        "f:1:5: a key must be text, not a mapping"
        ' (an expression is written "${{ ... }}", in quotes)'
    ),
    # characters that mean something
    "cron: */5 * * * *": "f:1:7: `*/5` is an alias: quote it",
    "cron: * * * * *": "f:1:7: `*` is an alias: quote it",
    "a: **/*.py": "f:1:4: `**/*.py` is an alias: quote it",
    "a: *all": (
        "f:1:4: `*all` is an alias, and no `&all` stands above it"
        " (quote a value that begins with `*`)"
    ),
    "a: &some 1\nb: *sme": (
        "f:2:4: `*sme` is an alias, and no `&sme` stands above it (did you mean `*some`?)"
    ),
    "*a : 1": (
        "f:1:1: `*a` is an alias, and no `&a` stands above it (quote a value that begins with `*`)"
    ),
    "a: &x [*x]": "f:1:8: `*x` repeats the collection it is in, without end",
    "if: &&b c": "f:1:5: `&&b` is an anchor: quote it",
    "if: !done": "f:1:5: `!done` is a tag: write `not done`",
    "if: ! done": "f:1:5: `!` is a tag: write `not`",
    "if: !(a or b)": "f:1:5: `!(a` is a tag: write `not (a`",
    'if: !"x"': 'f:1:5: `!"x"` is a tag: write `not "x"`',
    "a: !!str 7": "f:1:4: `!!str` is a tag: quote the value to make it text",
    "a: !!python/object:os.system {}": (
        "f:1:4: `!!python/object:os.system` is a tag: quote the value to make it text"
    ),
    "a: !foo!bar x": "f:1:4: `!foo!bar` is a tag: write `not foo!bar`",
    "a: !<x> y": f"f:1:4: `!<x>` is a tag: {QUOTE}",
    "a: &b !c [1]": "f:1:7: `!c` is a tag: write `not c`",
    "a: @x": "f:1:4: a value cannot start with `@` (quote it)",
    "a: `x`": "f:1:4: a value cannot start with a backtick (quote it)",
    "a: %x": "f:1:4: a value cannot start with `%` (quote it)",
    "a: , b": "f:1:4: a value cannot start with `,` (quote it)",
    "a: ]": "f:1:4: `]` closes nothing (quote the value)",
    "a: > 3": f"f:1:4: `>` begins a text block, and nothing may follow it on the line ({BLOCK})",
    "a: | echo": f"f:1:4: `|` begins a text block, and nothing may follow it on the line ({BLOCK})",
    "a: ? b": f"f:1:4: `? ` begins a key in YAML ({QUOTE})",
    "a: - b": (
        "f:1:4: a list cannot begin on the line of its key"
        " (put each `- ` on a line of its own, or quote the value)"
    ),
    # quotes
    "a: 'x\nb: 1\n": "f:1:4: the quote ' opened here is never closed",
    'a: "x\nb: 1\n': 'f:1:4: the quote " opened here is never closed',
    "'a\n---\nb'": "f:1:1: the quote ' opened here is never closed",
    "if: 'x' == y": (
        f"f:1:9: text follows the closing quote ({QUOTE}, with double quotes outside if needed)"
    ),
    'a: "say "hi""': (
        f"f:1:10: text follows the closing quote ({QUOTE}, with single quotes outside if needed)"
    ),
    "a: [1] + [2]": f"f:1:8: text follows the closing `]` ({QUOTE})",
    'a: "C:\\dir"': f"f:1:7: `\\d` is no escape in YAML ({ESCAPES})",
    'a: "\\xzz"': f"f:1:5: `\\x` lacks its hexadecimal digits ({ESCAPES})",
    'a: "\\ud83d\\ude00"': (
        "f:1:5: `\\u` names no character (write the character itself, or `\\U` with eight digits)"
    ),
    'a: "\\0"': "f:1:4: text cannot hold a NUL character",
    # spaces and tabs
    "a:\n\tb: 1": f"f:2:1: a tab indents this line ({SPACES})",
    "a:\n  b: 1\n\tc: 2": f"f:3:1: a tab indents this line ({SPACES})",
    "a: |\n  x\n\ty": f"f:3:1: a tab indents this line ({SPACES})",
    "a:1": "f:1:3: a space is missing after `a:`",
    "a:1\nb: 2": "f:1:3: a space is missing after `a:`",
    "a: 1\nb:2\nc: 3": "f:2:3: a space is missing after `b:`",
    "-a\n-b: 1": "f:1:2: a space is missing after `-`",
    "{a:,}": "f:1:3: `:` needs a space after it in a flow mapping (or quote the value)",
    "a: b: c": f"f:1:5: `: ` inside an unquoted value reads as a second key ({QUOTE})",
    "a: b\n  c: d": f"f:2:4: a key stands here, but line 1 already began a value as text ({TEXT})",
    "a: 1\n\n b: 2": (
        f"f:3:3: a key stands here, but line 1 already began a value as text ({TEXT})"
    ),
    "a: x\n b\nc": "f:3:1: `c` has no colon (write `key: value`, or indent it)",
    "a:\n    b: 1\n  c: 2": (
        f"f:3:3: this line is indented unlike the mapping that begins on line 1 ({UNLIKE})"
    ),
    "a:\n  - x\n  y: 1": f"f:3:3: this line is no item of the list that begins on line 2 ({ITEM})",
    "a: b\n- c": (
        "f:2:1: a list item stands among the keys of the mapping that begins on line 1"
        " (indent the list under its key)"
    ),
    # brackets
    "a: [1, 2": "f:1:4: `[` opened here is never closed",
    "a: {b: {": "f:1:8: `{` opened here is never closed",
    "a: [1, 2\nb: 3\n": (
        "f:2:2: `[` of line 1 is still open here"
        " (close it, or write a comma before this line's entry)"
    ),
    "a: [a,,b]": "f:1:7: a value is missing before this comma",
    "a: [x: y: z]": (f"f:1:9: `: ` cannot stand twice in one entry of a flow list ({TWICE})"),
    'a: ["x" "y"]': "f:1:9: a comma or `]` is missing before this (`[` was opened on line 1)",
    "{a: 1} b": "f:1:8: the document has ended above this, and more text follows",
    # keys
    "a: 1\nb: 2\na: 3": (
        "f:3:1: `a` is written twice in one mapping, first on line 1 (remove or rename one)"
    ),
    "a: {b: 1, 'b': 2}": (
        "f:1:11: `b` is written twice in one mapping, first on line 1 (remove or rename one)"
    ),
    "<<: {a: 1}\n<<: {b: 1}": (
        "f:2:1: `<<` is written twice in one mapping, first on line 1"
        " (`<<: [*one, *two]` merges several)"
    ),
    "<<: 1": (
        'f:1:1: `<<` merges a mapping or a list of mappings (quote it, `"<<"`, if it is a name)'
    ),
    "1: a": 'f:1:1: the key `1` is a number, not text (quote it: "1")',
    "true: a": 'f:1:1: the key `true` is a boolean, not text (quote it: "true")',
    "null: a": 'f:1:1: the key `null` is null, not text (quote it: "null")',
    ": a": "f:1:1: a key is missing before this colon",
    "a: {?}": "f:1:6: a key is missing",
    "[1]: a": "f:1:1: a key must be text, not a list",
    # numbers
    "a: .inf": f"f:1:4: `.inf` is not a finite number ({KEEP})",
    "a: -.INF": f"f:1:4: `-.INF` is not a finite number ({KEEP})",
    "a: .NaN": f"f:1:4: `.NaN` is not a finite number ({KEEP})",
    "a: 1e999": f"f:1:4: `1e999` is too large for a number ({KEEP})",
    "a: 9223372036854775808": f"f:1:4: `9223372036854775808` does not fit in 64 bits ({KEEP})",
    "a: 0xFFFFFFFFFFFFFFFF": f"f:1:4: `0xFFFFFFFFFFFFFFFF` does not fit in 64 bits ({KEEP})",
    # documents
    "": "f:1:1: the file is empty",
    "# only a comment\n": "f:1:1: the file is empty",
    "---\n": "f:2:1: the document is empty",
    "...": "f:1:1: the document is empty",
    "a: 1\n---\nb: 2": (
        "f:2:1: a second document starts here: a file has one"
        " (put it in a file of its own and remove `---`)"
    ),
    "%YAML 1.1\n---\na: yes": (
        "f:1:1: `%YAML 1.1` asks for rules that are not followed: files are YAML 1.2"
        " (remove the line, and quote `yes`, `no`, `on` where a boolean was meant)"
    ),
    "%TAG ! x:\n---\na: 1": "f:1:1: `%TAG` has no use here: tags are not read",
    "%FOO\n---\na: 1": (
        "f:1:5: a line that begins with `%` is a YAML directive (remove it or quote it)"
    ),
    # bytes
    b"a: \xff": "f:1:4: byte 0xff is not UTF-8 (save the file as UTF-8)",
    b"\xef\xbb\xbfa: 1\nb: \xc3(": "f:2:4: byte 0xc3 is not UTF-8 (save the file as UTF-8)",
    "a: b".encode("utf-16"): "f: the file is UTF-16 or UTF-32 (save it as UTF-8)",
    "a: b".encode("utf-16-be"): "f: the file is UTF-16 or UTF-32 (save it as UTF-8)",
    "a: b".encode("utf-32-le"): "f: the file is UTF-16 or UTF-32 (save it as UTF-8)",
    b"\x7fELF\x01\xff\0\0": "f:1:7: the file holds a NUL character: it is not a text file",
    b"a: \0": "f:1:4: the file holds a NUL character: it is not a text file",
    "a: 1\nb: \x1b[0m": (
        'f:2:4: the character U+001B is not allowed in a file (remove it, or write "\\u001b")'
    ),
    "a: x\u2028y": (
        'f:1:5: the character U+2028 is not allowed in a file (remove it, or write "\\u2028")'
    ),
    "a: \ud800": (
        'f:1:4: the character U+D800 is not allowed in a file (remove it, or write "\\ud800")'
    ),
}


def read(data, **options):
    return parse_document(data, **options)


@pytest.mark.parametrize("text", MISTAKES, ids=lambda text: ascii(text)[:40])
def test_a_mistake_is_met_with_one_sentence_that_names_its_place(text):
    with pytest.raises(WorkflowError) as caught:
        read(text, file="f")

    assert str(caught.value) == MISTAKES[text]


def test_everything_that_can_be_found_is_reported_in_file_order():
    text = "a: !x\nb: .nan\nb: 1\n2: c\nd: *e\nf: g: h\n"

    with pytest.raises(WorkflowError) as caught:
        read(text)

    assert [fault.line for fault in caught.value.faults] == [1, 2, 3, 4, 5, 6]


def test_reading_stops_at_fifty_faults():
    with pytest.raises(WorkflowError) as caught:
        read("- !x\n" * 100)

    assert len(caught.value.faults) == 50


def test_a_fault_shows_its_line_and_a_caret():
    with pytest.raises(WorkflowError) as caught:
        read("a: 1\nif: !done\n", file="w.yaml")

    assert caught.value.faults[0].picture() == (
        "w.yaml:2:5: `!done` is a tag: write `not done`\n    if: !done\n        ^"
    )


def test_a_long_line_is_not_repeated_whole():
    with pytest.raises(WorkflowError) as caught:
        read("a: !x " + "y" * 10_000)

    assert len(caught.value.faults[0].source) < 200


def test_a_fault_far_right_in_a_line_shows_no_caret():
    with pytest.raises(WorkflowError) as caught:
        read("a: [" + "y, " * 1000 + "!x]")

    assert caught.value.faults[0].source == ""
