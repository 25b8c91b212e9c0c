"""What a document means, against a YAML 1.2 reader written by somebody else."""

import json
import math
import re

import pytest
import yaml
from hypothesis import given, settings, strategies as st
from tests.effort import share
from yamlcore import CCoreDumper, CCoreLoader  # type: ignore[import-untyped] # ships no types

from ciranda.errors import WorkflowError
from ciranda.workflow.document import parse_document

# Letters that build what looks like numbers, booleans and nulls, and what must be quoted.
WORDS = st.one_of(
    st.text(alphabet="0123456789abcdefxoEeINFnintruels.+-_~:# '\"{}[],&*!|>%@`\n\\$", max_size=12),
    st.sampled_from(["no", "on", "22:22", "010", "0x1F", "null", "True", "1e3", ".5", "<<", "="]),
    st.text(
        alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]),
        max_size=8,
    ).map(lambda text: text.replace("\ufeff", "").replace("\ufffe", "").replace("\uffff", "")),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    WORDS,
)
KEYS = WORDS.filter(lambda text: text != "<<")  # merging is no part of the core schema
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
).filter(lambda data: not isinstance(data, str) and data is not None)


def read(data, **options):
    return parse_document(data, **options)


def typed(data):
    """Spell data so that 1, 1.0 and True differ, and the order of keys does not matter."""
    return json.dumps(data, sort_keys=True)


@given(DATA, st.sampled_from([None, "'", '"', "|", ">"]), st.sampled_from([None, True, False]))
@settings(max_examples=share(400), deadline=None)
def test_a_written_document_reads_back_as_the_oracle_reads_it(data, quote, flow):
    text = yaml.dump(
        data,
        Dumper=CCoreDumper,
        default_style=quote,
        default_flow_style=flow,
        allow_unicode=True,
        sort_keys=False,
    )
    if re.search(r"(?:^|[\s\[{])!(?:!\w+)? ", text) and quote is not None:
        return  # a number that is written in quotes needs a tag, and tags are faults
    plain = read(text).plain()

    assert typed(plain) == typed(yaml.load(text, CCoreLoader)) == typed(data)


@given(st.text(alphabet="0123456789abfxoEeINFnatruls.+-_~=<", min_size=1, max_size=8))
@settings(max_examples=share(1500), deadline=None)
def test_an_unquoted_word_means_what_the_oracle_says(word):
    text = f"a: {word}\n"
    try:
        expected = yaml.load(text, CCoreLoader)
    except yaml.YAMLError:
        with pytest.raises(WorkflowError):
            read(text)
        return
    number = expected["a"] if isinstance(expected, dict) else None
    if isinstance(number, float) and not math.isfinite(number):
        with pytest.raises(WorkflowError, match=r"finite|too large"):
            read(text)
    else:
        assert typed(read(text).plain()) == typed(expected)


@given(st.text(alphabet="ab:-?[]{},&*!|>'\"#% \n\t01$", max_size=24))
@settings(max_examples=share(1500), deadline=None)
def test_of_what_the_oracle_refuses_nothing_is_accepted(text):
    try:
        plain = read(text).plain()
    except WorkflowError:
        return

    assert typed(plain) == typed(yaml.load(text, CCoreLoader))
