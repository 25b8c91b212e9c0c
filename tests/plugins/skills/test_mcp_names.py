"""Names of tools."""

import re

from hypothesis import given, settings, strategies as st

from ciranda_skills.mcp.server.naming import names_of
from tests.effort import share

SAFE = re.compile(r"[a-zA-Z0-9_-]{1,64}")
keys = st.lists(
    st.tuples(st.text(max_size=70), st.text(st.characters(exclude_characters="\0"), min_size=1))
)


def test_a_name_is_the_skill_and_the_path_of_the_script():
    names = names_of([("pdf", "scripts/fill-form.py"), ("pdf", "scripts/more/a b.sh")])

    assert list(names.values()) == ["pdf_fill-form", "pdf_more_a-b"]


def test_letters_lose_their_accents():
    assert names_of([("relatório", "scripts/é.py")])["relatório", "scripts/é.py"] == "relatorio_e"


def test_who_collides_gets_a_hash_that_depends_on_nobody_else():
    first, other = ("a", "scripts/b.py"), ("a", "scripts/b.sh")
    both = names_of([first, other])
    three = names_of([("z", "scripts/x.py"), other, first])

    assert both[first].startswith("a_b-")
    assert both[first] != both[other]
    assert (three[first], three[other]) == (both[first], both[other])


def test_a_name_that_imitates_a_hash_takes_nothing_from_anybody():
    first, other = ("a", "scripts/b.py"), ("a", "scripts/b.sh")
    hashed = names_of([first, other])[first]
    imitation = ("a", f"scripts/{hashed.removeprefix('a_')}.py")
    names = names_of([first, other, imitation])

    assert len(set(names.values())) == 3


@settings(max_examples=share(150), deadline=None)
@given(keys)
def test_names_are_safe_unique_and_the_same_in_any_order(scripts):
    names = names_of(scripts)

    assert all(SAFE.fullmatch(name) for name in names.values())
    assert len(set(names.values())) == len(names)
    assert names_of(reversed(scripts)) == names
