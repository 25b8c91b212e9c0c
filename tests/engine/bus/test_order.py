"""In which order layers stand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.bus import ordered
from ciranda.errors import PluginError
from ciranda.layer import Layer, Place


async def call(call: Any, inner: Any) -> Any:
    return await inner(call)


NAMES = st.sampled_from("abcdef")
LAYERS = st.lists(
    st.builds(
        Layer,
        call=st.just(call),
        place=st.sampled_from(list(Place)[:3]),
        name=NAMES,
        after=st.lists(NAMES, max_size=2).map(tuple),
        before=st.lists(NAMES, max_size=1).map(tuple),
    ),
    max_size=6,
    unique_by=lambda layer: layer.name,
)


@settings(max_examples=share(300), deadline=None)
@given(LAYERS)
def test_every_wish_is_kept_or_a_circle_is_named(layers: list[Layer]) -> None:
    wishes = {
        (outer, inner)
        for inner_layer in layers
        for other in layers
        if other is not inner_layer and other.place == inner_layer.place
        for outer, inner in [
            *[(other.name, inner_layer.name)] * (other.name in inner_layer.after),
            *[(inner_layer.name, other.name)] * (other.name in inner_layer.before),
        ]
    }

    if _has_circle(wishes):
        with pytest.raises(PluginError, match="layers want to stand outside of each other"):
            ordered(layers)
        return

    result = ordered(layers)

    names = [layer.name for layer in result]
    assert sorted(names) == sorted(layer.name for layer in layers)
    assert [layer.place for layer in result] == sorted(layer.place for layer in result)
    assert all(names.index(outer) < names.index(inner) for outer, inner in wishes)


def _has_circle(wishes: set[tuple[str, str]]) -> bool:
    reach = set(wishes)
    for middle in "abcdef":
        reach |= {(a, c) for a, b in reach for b2, c in reach if b == b2 == middle}
    return any(a == b for a, b in reach)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(Place), max_size=8))
def test_without_wishes_the_given_order_stays_within_a_place(places: list[Place]) -> None:
    layers = [Layer(call, place, name=str(number)) for number, place in enumerate(places)]

    assert ordered(layers) == sorted(layers, key=lambda layer: layer.place)


def test_a_name_that_nobody_has_is_ignored() -> None:
    layers = [Layer(call, Place.CACHE, "a", after=("gone",)), Layer(call, Place.CACHE, "b")]

    assert ordered(layers) == layers


def test_a_circle_shows_its_names() -> None:
    layers = [
        Layer(call, Place.CACHE, "a", after=("b",)),
        Layer(call, Place.CACHE, "b", after=("a",)),
    ]

    with pytest.raises(PluginError, match=r"each other: . -> . -> .; drop one"):
        ordered(layers)
