"""Quorums: any two share more than may be faulty, and the honest alone make one."""

import pytest
from hypothesis import given, strategies as st

from ciranda_consensus.protocol import Validator, ValidatorSet


def validators(*stakes):
    members = [Validator(number.to_bytes(32, "big"), stake) for number, stake in enumerate(stakes)]
    return ValidatorSet("test", 0, members)


def holds(found):
    shared_at_least = 2 * found.quorum - found.total
    return (
        3 * found.quorum > 2 * found.total  # strictly more than two thirds
        and 3 * found.faulty < found.total  # strictly less than one third
        and shared_at_least > found.faulty
        and found.total - found.faulty >= found.quorum
    )


def test_two_quorums_of_up_to_two_hundred_share_somebody_honest():
    for count in range(1, 201):
        found = validators(*[1] * count)

        assert holds(found), count
        assert found.faulty == (count - 1) // 3
        assert found.quorum == count - found.faulty


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=20))
def test_two_quorums_of_unequal_stakes_share_somebody_honest(stakes):
    assert holds(validators(*stakes))


def test_what_signers_weigh_is_their_stake_and_not_their_number():
    found = validators(70, 10, 10, 10)

    assert found.weight(0b1110) == 30 < found.quorum
    assert found.weight(0b0001) == 70 >= found.quorum


@pytest.mark.parametrize("count", [4, 51, 200])
def test_each_validator_leads_once_in_so_many_views(count):
    found = validators(*[1] * count)

    assert sorted(map(found.leader, range(3 * count, 4 * count))) == list(range(count))
