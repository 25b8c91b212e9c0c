"""Broken files give documented errors only, and soon."""

import os
import random
import re
import time
from pathlib import Path

import pytest

from ciranda_quantum import Host, QuantumError, compile as compile_template
from ciranda_quantum.error import KINDS

CASES = sorted((Path(__file__).parent / "cases").glob("*.q"))
COUNT = int(os.environ.get("QUANTUM_MUTATIONS", "600"))
PIECES = (
    "{", "}", "{{", "<", ">", "/>", "\"", "'", "&", "&amp;", "<q:set name=\"x\" value=\"{y}\"/>",
    "<q:loop var='i' from='1' to='9'>", "</q:loop>", "<q:if condition='", "<q:else>", "operation=",
    "session.", "__class__", "\x00", "\u202e", "\ud7ff", "é", "9" * 400, "(", "[", "**", "-1",
    "<q:return value='", "<!DOCTYPE a>", "<![CDATA[", "<!--", "-->", "<q:function name='f'>", "f(f)",
    "value=\"{x.__init__}\"", " scope='component'", " default='{", "\n", "\r", "<b>", "</b>",
    "<q:try>", "<q:catch var='e'>", "</q:catch></q:try>", "type='array'", "<q:slot/>", "]]>",
)  # fmt: skip


WORDS = (
    "number", "array", "append", "increment", "{x}", "{xs}", "{x + 1}", "{xs.length}", "{name}", "x",
    " if x else ", " == ", "null", "-", "1.5", "{[1, x]}", "{f(1)}", "component", "merge", "{session.a}",
    "{sum(xs)}", "true", "sort", "setProperty", "object", "0", ",", "toggle", "{xs[9]}", "{1 / 0}",
)  # fmt: skip


def mutated(text, choice):
    for _ in range(choice.randint(1, 4)):
        place, kind = choice.randrange(len(text) + 1), choice.randrange(10)
        if kind > 4:
            texts = list(re.finditer(r'"([^"]*)"|>([^<]*)<', text))
            if not texts:
                continue
            found = choice.choice(texts)
            at = choice.randint(found.start() + 1, found.end() - 1)
            piece = choice.choice(PIECES + WORDS)
            piece = re.sub(r"[\x00\ud800-\udfff]", "", piece)
            for each, entity in (("&", "&amp;"), ("<", "&lt;"), ('"', "&quot;")):
                piece = piece.replace(each, entity)
            text = text[:at] + piece + text[at + choice.choice((0, 0, 1, 3)) :]
        elif kind == 0:
            text = text[:place] + choice.choice(PIECES) + text[place:]
        elif kind == 1:
            text = text[:place] + text[place + choice.randint(1, 12) :]
        elif kind == 2:
            other = choice.choice(CASES).read_text("utf-8")
            start = choice.randrange(len(other))
            text = text[:place] + other[start : start + choice.randint(1, 80)] + text[place:]
        elif kind == 3:
            end = place + choice.randint(1, 60)
            text = text[:end] + text[place:end] * choice.randint(1, 3) + text[end:]
        else:
            text = text[:place] + chr(choice.randrange(1, 0x500)) + text[place + 1 :]
    return text


@pytest.mark.uncounted
def test_a_mutated_file_gives_only_documented_errors():
    choice = random.Random(20260101)
    texts = [file.read_text("utf-8") for file in CASES]
    data = {"x": 1, "xs": [1, 2], "name": "joe", "rows": [{"n": "a"}], "users": [{"name": "A"}]}
    seen = set()
    slowest = 0.0
    for _ in range(COUNT):
        text = mutated(choice.choice(texts), choice)
        started = time.process_time()
        try:
            made = compile_template(
                text, name="page.q", components={"Card": texts[0], "Item": texts[1]}
            )
            made.run(data, host=Host()) if choice.random() < 0.9 else made.render(**data)
        except QuantumError as error:
            assert error.kind in KINDS
            assert error.message
            assert error.picture()
            seen.add(error.kind)
        slowest = max(slowest, time.process_time() - started)

    assert {"compile", "undefined", "type"} <= seen
    assert slowest < 5
