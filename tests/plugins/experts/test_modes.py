"""Modes: whom a verdict binds."""

from itertools import pairwise

import pytest

from ciranda_experts.council.modes import Mode, binds

KEYS = [f"{number:064x}" for number in range(2000)]


def test_full_binds_everybody_and_shadow_and_off_nobody():
    assert all(binds(Mode.FULL, 0.0, key) for key in KEYS)
    assert not any(binds(mode, 100.0, key) for key in KEYS for mode in (Mode.SHADOW, Mode.OFF))


@pytest.mark.parametrize("percent", [0.0, 0.5, 10.0, 50.0, 99.0, 100.0])
def test_soft_binds_its_percentage(percent):
    share = sum(binds(Mode.SOFT, percent, key) for key in KEYS) / len(KEYS) * 100

    assert share == pytest.approx(percent, abs=3.5)
    if percent in {0.0, 100.0}:
        assert share == percent


def test_who_is_bound_at_a_percentage_is_bound_at_every_higher_one():
    bound = [
        {key for key in KEYS if binds(Mode.SOFT, percent, key)} for percent in range(0, 101, 20)
    ]

    assert all(less <= more for less, more in pairwise(bound))


def test_the_share_is_the_same_in_every_process():
    assert [binds(Mode.SOFT, 50.0, f"k{number}") for number in range(8)] == [
        False, False, True, False, False, False, False, True,
    ]  # fmt: skip
