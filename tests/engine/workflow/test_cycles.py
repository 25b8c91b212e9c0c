"""Cycles, against a naive search."""

from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.workflow.cycles import cycles

names = st.integers(0, 7).map(str)
graphs = st.dictionaries(names, st.lists(names, max_size=4).map(tuple), max_size=8)


def reaches(needs: dict[str, tuple[str, ...]], start: str) -> bool:
    """Say whether a step of the graph waits for itself by way of another."""
    seen: set[str] = set()
    waiting = [need for need in needs[start] if need != start]
    while waiting:
        name = waiting.pop()
        if name == start:
            return True
        if name not in seen and name in needs:
            seen.add(name)
            waiting += [need for need in needs[name] if need != name]
    return False


@given(graphs)
@settings(deadline=None, max_examples=share(300))
def test_a_cycle_is_found_exactly_when_a_step_waits_for_itself(needs: dict[str, tuple[str, ...]]):
    found = cycles(needs)

    assert bool(found) == any(reaches(needs, name) for name in needs)


@given(graphs)
@settings(deadline=None, max_examples=share(300))
def test_each_cycle_is_a_way_round_from_its_earliest_step(needs: dict[str, tuple[str, ...]]):
    order = list(needs)
    for circle in cycles(needs):
        for name, need in zip(circle, (*circle[1:], circle[0]), strict=True):
            assert need in needs[name]
        assert order.index(circle[0]) == min(order.index(name) for name in circle)


@given(graphs)
@settings(deadline=None, max_examples=share(200))
def test_without_the_cycles_found_nothing_waits_for_itself(needs: dict[str, tuple[str, ...]]):
    gone = {name for circle in cycles(needs) for name in circle}
    left = {name: wanted for name, wanted in needs.items() if name not in gone}

    assert not cycles(left)
