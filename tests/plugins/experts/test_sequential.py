"""Promotion: valid however often one looks, and able to see a real difference."""

import math
import random
from bisect import bisect_left
from fractions import Fraction

import pytest

from ciranda_experts.learning.sequential import capital, needed
from ciranda_experts.learning.trial import Decision, Kind, Rules, Trial, chosen, decide

EXPERIMENTS = 2000
LOOKS = 400  # outcomes where the two differ, each followed by a look


def boundary(error):
    """The fewest wins of n that promote, by n; a look is then one comparison."""
    found = []
    for count in range(LOOKS + 1):
        limit = needed(error)
        wins = bisect_left(range(count + 1), True, key=lambda w: capital(w, count - w) >= limit)
        found.append(wins)
    return found


def ever(dice, share, limits):
    """The look at which a candidate that wins with `share` is promoted, if ever."""
    wins = 0
    for count in range(1, LOOKS + 1):
        wins += dice.random() < share
        if wins >= limits[count]:
            return count
    return None


@pytest.fixture(scope="module")
def limits():
    return boundary(0.05)


def test_no_better_candidates_are_promoted_as_rarely_as_is_said(limits):
    dice = random.Random(7)

    promoted = sum(ever(dice, 0.5, limits) is not None for _ in range(EXPERIMENTS))

    assert 0 < promoted <= 0.05 * EXPERIMENTS


def test_worse_candidates_are_promoted_more_rarely_still(limits):
    dice = random.Random(8)

    promoted = sum(ever(dice, 0.45, limits) is not None for _ in range(EXPERIMENTS))

    assert promoted <= 0.01 * EXPERIMENTS


def test_promotion_by_a_fixed_difference_would_fail_this_test():
    """The replaced system promoted what looked 0.1 % better."""
    dice = random.Random(7)
    promoted = 0
    for _ in range(200):
        wins = 0
        for count in range(1, LOOKS + 1):
            wins += dice.random() < 0.5
            if count >= 20 and wins / count > 0.501:
                promoted += 1
                break

    assert promoted > 0.8 * 200


@pytest.mark.parametrize(("share", "power"), [(0.75, 0.99), (0.65, 0.95), (0.6, 0.8)])
def test_better_candidates_are_promoted(limits, share, power):
    dice = random.Random(9)

    looks = [ever(dice, share, limits) for _ in range(300)]

    assert sum(look is not None for look in looks) >= power * 300


def test_the_capital_is_the_average_likelihood_ratio():
    steps = 20_000
    for wins, losses in [(0, 0), (3, 1), (1, 3), (10, 0), (0, 10), (20, 15)]:
        total = 0.0
        for step in range(steps):
            p = 0.5 + (step + 0.5) / steps / 2
            total += (2 * p) ** wins * (2 * (1 - p)) ** losses

        assert math.isclose(math.exp(capital(wins, losses)), total / steps, rel_tol=1e-3)


def test_the_capital_is_exact_with_either_side_ahead():
    for wins, losses in [(0, 7), (7, 0), (4, 9), (9, 4), (5, 5)]:
        count = wins + losses
        below = sum(math.comb(count + 1, hits) for hits in range(wins + 1))
        exact = Fraction(below) / math.comb(count, wins) / (count + 1)

        assert math.isclose(math.exp(capital(wins, losses)), exact, rel_tol=1e-12)


def test_the_capital_is_fair_under_the_fair_coin():
    for wins in range(12):
        for losses in range(12):
            after = (math.exp(capital(wins + 1, losses)) + math.exp(capital(wins, losses + 1))) / 2

            assert math.isclose(math.exp(capital(wins, losses)), after, rel_tol=1e-9)


def test_more_wins_are_more_evidence_and_many_are_not_too_many():
    assert all(capital(w + 1, 9) > capital(w, 9) for w in range(60))
    assert all(capital(9, n + 1) < capital(9, n) for n in range(60))
    assert capital(3000, 1000) > needed(1e-9)
    assert capital(0, 4000) < 0


def test_the_error_is_the_whole_promise():
    """Exactly, for the first looks: the chance to cross at any of 60 looks."""
    limits = boundary(0.05)
    paths = {0: Fraction(1)}
    crossed = Fraction(0)
    for count in range(1, 61):
        after: dict[int, Fraction] = {}
        for wins, chance in paths.items():
            for each in (wins, wins + 1):
                if each >= limits[count]:
                    crossed += chance / 2
                else:
                    after[each] = after.get(each, Fraction(0)) + chance / 2
        paths = after

    assert 0 < crossed < Fraction(5, 100)


def trial(**fields):
    plain = {
        "id": 1, "expert": "logic", "incumbent": "1", "candidate": "2", "share": 0.1,
        "kind": Kind.TRIAL, "begun": 0.0,
    }  # fmt: skip
    return Trial(**{**plain, **fields})


@pytest.mark.parametrize(
    ("fields", "decision"),
    [
        ({}, Decision.UNDECIDED),
        ({"wins": 20, "losses": 3}, Decision.PROMOTED),
        ({"wins": 3, "losses": 20}, Decision.REJECTED),
        ({"wins": 501, "losses": 499}, Decision.UNDECIDED),
        ({"wins": 20, "losses": 3, "candidate_false": 1}, Decision.UNDECIDED),
        ({"wins": 20, "losses": 3, "candidate_false": 1, "incumbent_false": 1}, Decision.PROMOTED),
        ({"kind": Kind.WATCH, "wins": 20, "losses": 3}, Decision.ROLLED_BACK),
        ({"kind": Kind.WATCH, "wins": 3, "losses": 20}, Decision.UNDECIDED),
        ({"kind": Kind.WATCH, "wins": 3, "losses": 20, "pairs": 1000}, Decision.KEPT),
    ],
)
def test_counts_decide(fields, decision):
    assert decide(trial(**fields), Rules()) is decision


def test_stricter_rules_ask_for_more():
    assert decide(trial(wins=20, losses=3), Rules(promotion=1e-6)) is Decision.UNDECIDED
    watched = trial(kind=Kind.WATCH, wins=20, losses=3)
    assert decide(watched, Rules(rollback=1e-6)) is Decision.UNDECIDED
    assert decide(trial(kind=Kind.WATCH, pairs=5), Rules(watch=5)) is Decision.KEPT


def test_evidence_is_the_capital_and_finite():
    assert math.isclose(trial(wins=5).evidence, math.exp(capital(5, 0)))
    assert trial(wins=5000).evidence < math.inf


def test_the_same_intent_is_always_in_the_same_part():
    keys = [f"k{number}" for number in range(4000)]

    parts = [chosen(1, "logic", key, 0.1) for key in keys]

    assert parts == [chosen(1, "logic", key, 0.1) for key in keys]
    assert 330 < sum(parts) < 470
    assert parts != [chosen(2, "logic", key, 0.1) for key in keys]
    assert all(chosen(1, "logic", key, 0.5) for key, part in zip(keys, parts, strict=True) if part)
    assert all(chosen(1, "logic", key, 1.0) for key in keys)
    assert not any(chosen(1, "logic", key, 0.0) for key in keys)
    assert chosen(1, "logic", "\ud800", 1.0)
