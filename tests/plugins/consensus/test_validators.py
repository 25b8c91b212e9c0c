"""The validators of an epoch: quorums, leaders, names."""

from hashlib import sha256

import pytest

from ciranda_consensus.protocol import Validator, ValidatorSet


def keys(count):
    return [sha256(b"%d" % index).digest() for index in range(count)]


def equal(count, stake=1, chain="test", epoch=1):
    return ValidatorSet(chain, epoch, [Validator(key, stake) for key in keys(count)])


def test_two_quorums_of_any_size_share_an_honest_validator_and_the_honest_alone_are_one():
    for count in range(1, 201):
        them = equal(count)
        faulty = (count - 1) // 3

        assert them.faulty == faulty
        assert 2 * them.quorum - count >= faulty + 1
        assert them.quorum <= count - faulty


@pytest.mark.parametrize("stakes", [(1, 1, 1, 10), (5, 3, 3), (7,), (1, 2, 3, 4, 5, 6), (3, 3)])
def test_quorums_of_unequal_stakes_share_more_than_may_be_faulty(stakes):
    members = [Validator(key, stake) for key, stake in zip(keys(len(stakes)), stakes, strict=True)]
    them = ValidatorSet("test", 1, members)
    total = sum(stakes)
    groups = range(1 << len(stakes))
    quorums = [group for group in groups if them.weight(group) >= them.quorum]

    assert all(3 * them.weight(group) > 2 * total for group in quorums)
    assert all(them.weight(one & two) > them.faulty for one in quorums for two in quorums)


def test_each_leads_once_in_a_round_of_few_and_of_many():
    for count in (1, 4, 50, 51, 200):
        them = equal(count)
        for turn in (0, 3):
            views = range(turn * count, (turn + 1) * count)
            assert sorted(them.leader(view) for view in views) == list(range(count))


def test_many_lead_in_an_order_drawn_anew_each_round_that_all_draw_alike():
    one, two = equal(100), equal(100)

    first = [one.leader(view) for view in range(100)]

    assert first == [two.leader(view) for view in range(100)]
    assert first != [one.leader(view) for view in range(100, 200)]
    assert first != list(range(100))


def test_the_name_of_a_set_covers_chain_epoch_keys_stakes_and_order():
    members = [Validator(key, 1) for key in keys(4)]
    sets = [
        ValidatorSet("test", 1, members),
        ValidatorSet("tess", 1, members),
        ValidatorSet("test", 2, members),
        ValidatorSet("test", 1, members[::-1]),
        ValidatorSet("test", 1, members[:3]),
        ValidatorSet("test", 1, [*members[:3], Validator(members[3].public, 2)]),
    ]

    assert len({one.hash for one in sets}) == len({one.prefix for one in sets}) == len(sets)
    assert ValidatorSet("test", 1, members).hash == sets[0].hash
    assert sets[0].seat(members[2].public) == 2
    assert sets[0].seat(bytes(32)) is None


@pytest.mark.parametrize(
    ("members", "match"),
    [
        ([], "0 validators"),
        ([Validator(bytes(32), 1)] * 2, "the same key"),
        ([Validator(bytes(31), 1)], "a key of 31 bytes is none"),
        ([Validator(bytes(32), 0)], "a stake of 0 is none"),
        ([Validator(bytes(32), -1)], "a stake of -1 is none"),
    ],
)
def test_what_is_no_set_of_validators_is_refused(members, match):
    with pytest.raises(ValueError, match=match):
        ValidatorSet("test", 1, members)
