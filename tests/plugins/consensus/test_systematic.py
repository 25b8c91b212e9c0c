"""Every small scenario, not only those that chance comes upon."""

import os

import pytest

from ciranda_consensus.simulation.exploration import explore
from ciranda_consensus.simulation.seeded import SEEDED
from ciranda_consensus.simulation.twins import play, scenarios

FULL = "CONSENSUS_SEEDS" in os.environ


# Who changes a rule or a step sees it in the number of states; three views take minutes and 2 GB.
STATES = {1: 19, 2: 6378} | ({3: 3_531_618} if FULL else {})


@pytest.mark.uncounted
@pytest.mark.timeout(900)
@pytest.mark.parametrize("views", STATES)
def test_no_way_through_a_few_views_leads_to_a_fork(views):
    found = explore(views)

    assert found.fork == ""
    assert found.agreed == views
    assert found.states == STATES[views]


@pytest.mark.parametrize(
    "name",
    ["no lock", "any timeouts as an excuse", "a vote after giving up", "two votes in a view"],
)
def test_a_broken_rule_leads_to_a_fork_within_two_views(name):
    rules = SEEDED[name].replica

    found = explore(2, prepare=rules._may_prepare, commit=rules._may_commit)

    assert found.fork


@pytest.mark.uncounted
@pytest.mark.parametrize(("views", "most"), [(1, 100), (2, 1000), (4, 20_000 if FULL else 300)])
def test_twins_break_and_stop_nothing(views, most):
    found = {scenario: play(scenario) for scenario in scenarios(views, most)}

    assert {scenario: problem for scenario, problem in found.items() if problem} == {}
    assert len(found) == {1: 15, 2: 510}.get(views, most)


@pytest.mark.parametrize(
    "name",
    [
        "a vote after giving up",
        "two votes in a view",
        "a vote before its promise is durable",
        "timeouts without the certificate of entry",
        "a block that was not executed",
    ],
)
def test_twins_find_mistakes(name):
    bug = SEEDED[name]

    assert any(play(scenario, replica=bug.replica) for scenario in scenarios(4, 100))
