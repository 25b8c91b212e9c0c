"""How opinions become one verdict: each rule, and what holds under all of them."""

import math
from itertools import permutations

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from ciranda.events.judging import Opinion, Verdict
from ciranda_experts.council.merge import RULES, Terms, merge
from ciranda_experts.council.reasons import FAILURES, Reason
from tests.effort import share

A, R, U, N = Verdict.APPROVED, Verdict.REJECTED, Verdict.UNCERTAIN, Verdict.ABSTAINED
ORDER = {R: 0, U: 1, A: 2}
few = settings(max_examples=share(150), deadline=None)


def say(expert, verdict, confidence=0.9, *, proven=False, reason="r"):
    return Opinion(
        expert=expert, verdict=verdict, confidence=confidence, reason=reason, proven=proven
    )


names = st.sampled_from("abcdef")
opinions = st.builds(
    say,
    names,
    st.sampled_from([A, R, U, N]),
    st.floats(0, 1),
    proven=st.booleans(),
    reason=st.sampled_from(["r", *FAILURES]),
).map(lambda one: say(one.expert, U, 0.0, reason=one.reason) if one.reason in FAILURES else one)
councils = st.lists(opinions, max_size=6, unique_by=lambda one: one.expert)
terms = st.builds(
    Terms,
    rules=st.lists(st.sampled_from(list(RULES)), min_size=1, max_size=2).map(tuple),
    threshold=st.floats(0, 1),
    quorum=st.floats(0.01, 1),
    weights=st.dictionaries(names, st.floats(0.01, 100)),
)
witnesses = terms.map(lambda by: msgspec.structs.replace(by, rules=by.rules[:1])).filter(
    lambda by: by.rules[0] in {"weighted", "quorum"}
)
parts = terms.map(lambda by: msgspec.structs.replace(by, rules=("veto", "unanimous")))
required = st.frozensets(names, max_size=2)


@few
@given(councils, terms, required, st.randoms())
def test_the_order_of_opinions_does_not_matter(council, by, needed, chance):
    other = list(council)
    chance.shuffle(other)

    assert merge(other, by, needed) == merge(council, by, needed)


@few
@given(councils, terms, required)
def test_confidence_stays_between_0_and_1_and_nobody_abstains(council, by, needed):
    found = merge(council, by, needed)

    assert 0 <= found.confidence <= 1
    assert found.verdict in ORDER
    assert found.reason


@few
@given(councils, witnesses, required, st.floats(0, 1), st.booleans())
def test_one_more_approval_never_makes_it_worse_among_witnesses(council, by, needed, sure, proven):
    before = merge(council, by, needed)

    after = merge([*council, say("new", A, sure, proven=proven)], by, needed)

    assert ORDER[after.verdict] >= ORDER[before.verdict]
    if before.verdict is after.verdict is A:
        assert after.confidence >= before.confidence


@few
@given(councils, parts, required, st.floats(0, 1))
def test_one_more_approval_makes_nothing_surer_where_all_parts_have_to_hold(
    council, by, needed, sure
):
    before = merge(council, by, needed)

    after = merge([*council, say("new", A, sure)], by, needed)

    if before.verdict is A:
        assert after.confidence == min(before.confidence, sure)
        assert (after.verdict is A) == (after.confidence >= by.threshold)
    else:
        found = [one for one in council if one.verdict in {A, R}]
        assert after.verdict is before.verdict or not found  # or the only one with anything to say


@few
@given(councils, terms, required, st.data())
def test_an_expert_that_approves_more_surely_never_makes_it_worse(council, by, needed, data):
    if not council:
        return
    place = data.draw(st.integers(0, len(council) - 1))
    held = council[place]
    council[place] = say(held.expert, A, held.confidence)
    surer = list(council)
    surer[place] = say(held.expert, A, data.draw(st.floats(held.confidence, 1)))

    before, after = merge(council, by, needed), merge(surer, by, needed)

    assert ORDER[after.verdict] >= ORDER[before.verdict]
    if before.verdict is A:
        assert after.confidence >= before.confidence


@few
@given(councils, terms, required, st.data())
def test_an_expert_that_is_sure_and_turns_to_approval_never_makes_it_worse(
    council, by, needed, data
):
    if not council:
        return
    place = data.draw(st.integers(0, len(council) - 1))
    turned = list(council)
    turned[place] = say(council[place].expert, A, 1.0)
    worst = 1 if by.threshold == 1 else 2  # nobody is as sure as that

    assert ORDER[merge(turned, by, needed).verdict] >= min(
        ORDER[merge(council, by, needed).verdict],
        1 if council[place].verdict is A and council[place].proven else worst,
    )


@few
@given(councils, terms, required)
def test_a_proven_rejection_is_final_under_every_rule(council, by, needed):
    assert merge([*council, say("z", R, 0.1, proven=True)], by, needed).verdict is R


@few
@given(councils, terms, st.sampled_from([U, R, None, *FAILURES]))
def test_nothing_is_approved_without_every_required_expert(council, by, what):
    others = [one for one in council if one.expert != "a"]
    if isinstance(what, Verdict):
        others.append(say("a", what))
    elif what is not None:
        others.append(say("a", U, 0.0, reason=what))

    assert merge(others, by, {"a"}).verdict is not A


@few
@given(councils, terms, required)
def test_a_second_vote_of_one_expert_counts_for_nothing(council, by, needed):
    double = [*council, say("d", A), say("d", A)]

    found = merge(double, by, needed)

    assert found == merge([*council, say("d", U, 0.0, reason=Reason.GARBAGE)], by, needed)._replace(
        leader=found.leader, message=found.message
    )
    assert merge([say("d", A), say("d", A)], Terms()).reason == Reason.GARBAGE


@few
@given(terms, st.lists(st.floats(0.5, 0.999), min_size=3, max_size=6), st.floats(0, 1))
def test_one_liar_among_agreeing_experts_cannot_have_bad_things_approved(by, sure, lie):
    honest = [say(f"e{number}", R, one) for number, one in enumerate(sure)]
    by = Terms(rules=by.rules, threshold=by.threshold, quorum=0.5)  # heads count alike

    with_liar = merge([*honest, say("liar", A, lie)], by)

    if set(by.rules) & {"veto", "quorum"} or math.fsum(map(odds, sure)) > odds(lie):
        assert with_liar.verdict is not A
    if by.rules == ("veto",):
        assert with_liar.verdict == merge(honest, by).verdict


@pytest.mark.parametrize(
    ("rule", "verdict"), [("veto", R), ("unanimous", U), ("weighted", A), ("quorum", A)]
)
def test_one_liar_can_stop_a_good_thing_only_where_the_rule_says_so(rule, verdict):
    honest = [say(name, A, 0.9) for name in "abc"]

    found = merge([*honest, say("liar", R, 0.95)], Terms(rules=(rule,)))

    assert found.verdict is verdict
    assert found.dissent == (("a", "b", "c") if verdict is R else ("liar",) if verdict is A else (
        "a", "b", "c", "liar"
    ))  # fmt: skip


def odds(sure):
    return math.log(min(sure, 1 - 1e-9) / (1 - min(sure, 1 - 1e-9))) if sure > 0.5 else 0.0


@pytest.mark.parametrize("rule", RULES)
def test_missing_is_not_agreement(rule):
    found = merge([say("a", A, 0.99)], Terms(rules=(rule,)), {"a", "b"})

    assert (found.verdict, found.reason) == (U, Reason.MISSING)
    assert "'b'" in found.message


@pytest.mark.parametrize("rule", RULES)
def test_nobody_with_anything_to_say_approves_nothing(rule):
    for council in ([], [say("a", N, 1.0)]):
        assert merge(council, Terms(rules=(rule,)), {one.expert for one in council}).reason == (
            Reason.NOTHING
        )


@pytest.mark.parametrize("rule", RULES)
def test_a_required_expert_that_abstains_does_not_stand_in_the_way(rule):
    council = [say("a", A, 0.99), say("b", N, 0.0)]

    assert merge(council, Terms(rules=(rule,)), {"a", "b"}).verdict is A


@pytest.mark.parametrize("rule", RULES)
def test_all_experts_crashed_is_uncertain(rule):
    council = [say(name, U, 0.0, reason=Reason.CRASHED) for name in "abc"]

    found = merge(council, Terms(rules=(rule,), threshold=0.0))

    assert (found.verdict, found.reason) == (U, Reason.CRASHED)


def test_ties_are_called_ties():
    even = [say("a", A), say("b", R)]

    assert merge(even, Terms(rules=("weighted",))).reason == Reason.TIE
    assert merge(even, Terms(rules=("quorum",))).reason == Reason.TIE
    assert merge(even, Terms(rules=("unanimous",))).reason == Reason.DISSENT
    uneven = [*even, say("c", A)]
    assert "both are a quorum" in merge(uneven, Terms(rules=("quorum",), quorum=0.3)).message
    assert merge(uneven, Terms(rules=("quorum",), quorum=0.9)).reason == Reason.NO_QUORUM


def test_confidence_is_pooled_by_log_odds_and_weights():
    found = merge(
        [say("a", A, 0.9), say("b", A, 0.8), say("c", R, 0.6)],
        Terms(rules=("weighted",), weights={"a": 2.0, "b": 0.5}),
    )

    lead = 2 * odds(0.9) + 0.5 * odds(0.8) - odds(0.6)
    assert found.confidence == pytest.approx(1 / (1 + math.exp(-lead)), abs=1e-8)


@few
@given(st.lists(st.floats(0.5, 1), min_size=1, max_size=6), st.sampled_from([A, R]))
def test_proofs_together_are_no_surer_than_the_best_of_them(sure, verdict):
    council = [say(f"e{at}", verdict, one, proven=True) for at, one in enumerate(sure)]

    for rule in RULES:
        found = merge(council, Terms(rules=(rule,), threshold=0.5))
        conjoined = verdict is A and rule in {"veto", "unanimous"}
        said = min(sure) if conjoined else max(sure)
        assert found.confidence == pytest.approx(said, abs=2e-9)


@pytest.mark.parametrize("rule", ["veto", "unanimous"])
def test_an_approval_is_as_sure_as_the_least_sure_of_its_parts(rule):
    council = [
        say("logic", A, 0.9995, proven=True), say("security", A, 0.8), say("limits", N, 0.1),
        say("hours", A, 0.99),
    ]  # fmt: skip

    for order in permutations(council):
        found = merge(order, Terms(rules=(rule,)), {"logic", "security"})
        assert (found.verdict, found.confidence) == (A, 0.8)


@pytest.mark.parametrize("rule", ["veto", "unanimous"])
def test_a_required_expert_that_is_hardly_sure_approves_nothing(rule):
    council = [say("logic", A, 0.9995, proven=True), say("security", A, 0.3)]

    found = merge(council, Terms(rules=(rule,)), {"logic", "security"})

    assert (found.verdict, found.confidence, found.reason) == (U, 0.3, Reason.LOW_CONFIDENCE)
    assert found.message == (
        "It looks approved, but security is 0.3000 sure, and 0.7 is asked for."
    )


def test_what_is_not_proven_adds_to_a_proof():
    council = [say("a", A, 0.99, proven=True), say("b", A, 0.95, proven=True), say("c", A, 0.8)]

    found = merge(council, Terms(rules=("weighted",)))

    lead = odds(0.99) + odds(0.8)
    assert found.confidence == pytest.approx(1 / (1 + math.exp(-lead)), abs=1e-8)


def test_less_sure_than_the_threshold_is_uncertain_either_way():
    for verdict in (A, R):
        found = merge([say("a", verdict, 0.6)], Terms(rules=("weighted",), threshold=0.7))
        assert (found.verdict, found.reason) == (U, Reason.LOW_CONFIDENCE)
        assert found.message == f"It looks {verdict}, by 0.6000, and 0.7 is asked for."
    assert merge([say("a", A, 0.0)], Terms(threshold=0.7)).verdict is U


@pytest.mark.parametrize(
    ("sure", "needed", "shown"),
    [
        (0.9995, 0.9999, "0.9995"),
        (0.99989, 0.9999, "0.99989"),
        (0.99997, 0.99999, "0.9999+"),
    ],
)
def test_what_is_too_little_is_shown_as_less_than_what_is_asked_for(sure, needed, shown):
    found = merge([say("a", A, sure)], Terms(threshold=needed))

    assert found.message == f"It looks approved, but a is {shown} sure, and {needed} is asked for."


def test_under_veto_a_rejection_only_has_to_be_likely():
    assert merge([say("a", R, 0.6)], Terms(threshold=0.9)).verdict is R
    assert merge([say("a", R, 0.5)], Terms(threshold=0.9)).reason == Reason.LOW_CONFIDENCE
    assert merge([say("a", R, 0.5), say("b", A)], Terms(threshold=0.5)).verdict is not A


def test_of_several_rules_the_worst_verdict_stands():
    council = [say("a", A), say("b", A), say("c", R, 0.8)]

    assert merge(council, Terms(rules=("weighted",))).verdict is A
    assert merge(council, Terms(rules=("weighted", "unanimous"))).verdict is U
    assert merge(council, Terms(rules=("weighted", "veto"))).verdict is R


def test_the_reason_is_that_of_who_is_surest_by_proof():
    council = [
        say("a", A, 0.99, reason="looks-fine"),
        say("b", A, 0.9, proven=True, reason="proved"),
    ]

    for order in permutations(council):
        assert merge(order, Terms()).reason == "proved"


@pytest.mark.parametrize("confidence", [math.nan, math.inf, -0.1, 1.1])
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(ValueError, match="'a' has the confidence"):
        merge([say("a", A, confidence)], Terms())


@pytest.mark.parametrize("weight", [math.nan, math.inf, -1.0, 0.0])
def test_a_weight_that_is_none_is_refused(weight):
    with pytest.raises(ValueError, match="of 'a' is no number above 0"):
        Terms(weights={"a": weight})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rules": ("vetto",)}, "there is no rule 'vetto': write one of veto, unanimous"),
        ({"rules": ()}, "no rule is named"),
        ({"threshold": math.nan}, "the threshold nan is no number from 0 to 1"),
        ({"quorum": 0.0}, r"the quorum 0.0 is no share"),
    ],
)
def test_terms_that_cannot_work_are_refused(given, words):
    with pytest.raises(ValueError, match=words):
        Terms(**given)
