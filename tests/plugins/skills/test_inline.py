"""The metadata block of a script: understood or refused, and never run."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_skills.error import InlineMetadataError
from ciranda_skills.inline import InlineMetadata, read_inline
from tests.effort import share

BLOCK = """\
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "httpx<1",
# ]
# ///
"""
# As the PEP gives it.
CANONICAL = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


@pytest.mark.parametrize(
    "text",
    [
        BLOCK,
        f"#!/usr/bin/env -S uv run --script\n\n{BLOCK}\nprint(1)\n",
        f"\ufeff{BLOCK}",
        BLOCK.replace("\n", "\r\n"),
        BLOCK.rstrip("\n"),
        f"{BLOCK}#\n# more words\n",
        f"# /// other\n# x\n# ///\n\n{BLOCK}",
        f"# /// script\n\n{BLOCK}",
    ],
)
def test_a_block_says_what_a_script_needs(text: str) -> None:
    assert read_inline(text) == InlineMetadata(
        requires_python=">=3.11", dependencies=("httpx<1",), tool={}
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "print(1)",
        "# /// script\n",
        "# /// script\n# dependencies = []\n",
        "# /// script\n# ///\n",
        "# /// script\n# dependencies = []\n\n# ///\n",
        "#/// script\n# ///\n",
        "# /// script \n# ///\n",
        " # /// script\n # ///\n",
        "# /// Script\n# ///\n",
        "# /// scripts\n# x = 1\n# ///\n",
        "# /// script\nx = 1\n# ///\n",
        f"# /// other\n# x\n# ///\n{BLOCK}",  # one comment: the other's block goes on
    ],
)
def test_what_is_no_block_says_nothing(text: str) -> None:
    assert read_inline(text) is None


def test_the_last_closing_line_of_the_comment_counts() -> None:
    text = '# /// script\n# [tool.x]\n# y = """\n# ///\n# """\n# ///\n'

    found = read_inline(text)

    assert found is not None
    assert found.tool == {"x": {"y": "///\n"}}


def test_an_empty_block_needs_nothing() -> None:
    assert read_inline("# /// script\n#\n# ///\n") == InlineMetadata()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("x = ", "the block `# /// script` of a.py is not TOML"),
        ('dependencies = "httpx"', "`dependencies` in the block of a.py must be a list"),
        ("dependencies = [1]", "`dependencies` in the block of a.py holds 1: it is not text"),
        ('dependencies = ["a b"]', "`dependencies` in the block of a.py holds 'a b'"),
        ('dependencies = ["--index-url=http://x"]', "holds '--index-url=http://x'"),
        ("requires-python = 3.11", 'must be like ">=3.11", not 3.11'),
        ('requires-python = "three"', "must be like \">=3.11\", not 'three'"),
        ("tool = 1", "`tool` in the block of a.py must be a table"),
        ("x = " + "[" * 5000, "is not TOML"),
    ],
)
def test_a_block_that_cannot_be_meant_is_refused(lines: str, message: str) -> None:
    text = "".join(f"# {line}\n" for line in lines.split("\n"))

    with pytest.raises(InlineMetadataError) as caught:
        read_inline(f"# /// script\n{text}# ///\n", script="a.py")
    assert message in str(caught.value)


def test_two_blocks_are_one_too_many() -> None:
    with pytest.raises(InlineMetadataError, match="the script has 2 blocks"):
        read_inline(f"{BLOCK}\n{BLOCK}")


@pytest.mark.usefixtures("uncollected")
def test_a_long_comment_takes_no_longer_than_it_is() -> None:
    text = "# /// script\n" * 20_000
    start = time.process_time()

    assert read_inline(text) is None
    assert time.process_time() - start < 30  # the pattern of the PEP takes minutes


@settings(max_examples=share(150), deadline=None)
@given(st.lists(st.sampled_from(["# /// script", "# /// x", "# ///", "#", "# a = 1", "b", ""])))
def test_a_block_is_what_the_pattern_of_the_pep_says(lines: list[str]) -> None:
    text = "\n".join(lines)
    blocks = [found for found in CANONICAL.finditer(text) if found["type"] == "script"]
    try:
        found = read_inline(text) is not None
    except InlineMetadataError:
        found = True

    assert found == bool(blocks)
