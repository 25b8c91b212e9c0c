"""docs/quantum.md: what its short templates give is what the page shows."""

import re
from pathlib import Path

import pytest

from .stage import html

PAGE = Path(__file__).parents[3] / "docs" / "quantum.md"
TEXT = PAGE.read_text("utf-8")
PAIR = re.compile(r"^```xml\n(.*?)^```\n```html\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def pairs():
    for found in PAIR.finditer(TEXT):
        yield pytest.param(*found.groups(), id=f"line {TEXT.count(chr(10), 0, found.start()) + 1}")


@pytest.mark.parametrize(("body", "expected"), list(pairs()))
def test_a_template_gives_what_stands_below_it(body, expected):
    assert html(body) == expected.strip()


def test_every_template_of_the_page_is_tried():
    assert TEXT.count("```xml\n") == len(PAIR.findall(TEXT)) >= 6
