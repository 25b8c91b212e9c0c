"""Versions asked of a plugin, against the rules of Python packaging."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.errors import PluginError
from ciranda.plugins import parse_requirement

packaging = pytest.importorskip("packaging.specifiers")

NUMBERS = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda x: ".".join(map(str, x)))
PART = st.tuples(st.sampled_from(["==", "!=", ">=", "<=", "<", ">"]), NUMBERS).map("".join)


@settings(max_examples=share(400), deadline=None)
@given(st.lists(PART, max_size=3), NUMBERS)
def test_released_versions_are_accepted_as_packaging_accepts_them(
    parts: list[str], version: str
) -> None:
    text = ",".join(parts)

    assert parse_requirement(f"slack{text}").accepts(version) is packaging.SpecifierSet(
        text
    ).contains(version)


@pytest.mark.parametrize(
    ("text", "version", "accepted"),
    [
        ("slack", "anything", True),
        ("slack>=1", "anything", False),
        ("slack ~=1.4", "1.9", True),
        ("slack~=1.4", "2.0", False),
        ("slack~=1.4.2", "1.5", False),
        ("slack>=2", "2.0rc1", False),
        ("slack<2", "2.0rc1", False),
        ("slack>=1", "2.0rc1", True),
        ("slack==2.0", "2.0+local", True),
        ("slack==2.0", "2.0.post1", True),
    ],
)
def test_versions_with_suffixes(text: str, version: str, accepted: bool) -> None:
    assert parse_requirement(text).accepts(version) is accepted


@pytest.mark.parametrize(
    "text", ["", "slack>", "slack>=x", "slack=1", "slack==1.*", "slack~=1", "sl ack", "slack>=1,"]
)
def test_what_is_no_requirement_is_refused_as_written(text: str) -> None:
    with pytest.raises(PluginError, match="is not a name with versions such as 'slack>=1,<2'"):
        parse_requirement(text)
