"""Spent transactions: one id, one payment, whoever asks, in whichever process, after any crash."""

import random
import signal
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from ciranda.errors import StoreError
from ciranda.store import Database, Durability
from ciranda_experts.conservation import Conflict, Reservation, Spent, State

LEVELS = [Durability.POWER, Durability.PROCESS]


@pytest.fixture(params=LEVELS, ids=[level.value for level in LEVELS])
def spent(tmp_path, request):
    with closing(Spent(tmp_path, durability=request.param)) as made:
        yield made


def take(spent, *asked):
    found = spent.reserve(*asked)
    assert isinstance(found, Reservation)
    return found


def clash(spent, *asked):
    found = spent.reserve(*asked)
    assert isinstance(found, Conflict)
    return found


def opened(spent):
    return spent._opened


def spend(spent, *asked):
    reservation = take(spent, *asked)
    assert spent.settle([(reservation, True)]) == [None]
    return reservation


def test_an_id_is_spent_once(spent):
    spend(spent, "t1", "digest", "step")

    found = spent.reserve("t1", "other", "elsewhere")

    assert isinstance(found, Conflict)
    assert (found.transaction, found.state) == ("t1", State.SPENT)
    assert (found.same_content, found.same_step) == (False, False)


def test_the_same_step_with_the_same_content_gets_its_id_again(spent):
    spend(spent, "t1", "digest", "step")

    again = spent.reserve("t1", "digest", "step")

    assert isinstance(again, Reservation)
    assert spent.settle([(again, True)]) == [None]


@pytest.mark.parametrize(
    ("digest", "step", "content_is_same", "step_is_same"),
    [
        ("digest", "another", True, False),
        ("digest", "", True, False),
        ("another", "step", False, True),
        ("digest ", "step", False, True),
    ],
)
@pytest.mark.parametrize("approved", [True, False], ids=["spent", "reserved"])
def test_anything_else_is_a_conflict(spent, digest, step, content_is_same, step_is_same, approved):
    mine = spent.reserve("t1", "digest", "step")
    if approved:
        spent.settle([(mine, True)])

    found = spent.reserve("t1", digest, step)

    assert found == Conflict(
        "t1",
        State.SPENT if approved else State.RESERVED,
        mine.at,
        same_content=content_is_same,
        same_step=step_is_same,
    )


@pytest.mark.parametrize("approved", [True, False], ids=["spent", "reserved"])
def test_without_a_step_the_same_question_is_somebody_else(spent, approved):
    mine = spent.reserve("t1", "digest")
    if approved:
        spent.settle([(mine, True)])

    found = spent.reserve("t1", "digest")

    assert isinstance(found, Conflict)
    assert found.same_content
    assert not found.same_step


@pytest.mark.parametrize("step", ["step", ""])
def test_an_id_that_is_not_approved_is_free_for_everybody(spent, step):
    mine = spent.reserve("t1", "digest", step)

    spent.settle([(mine, False)])

    take(spent, "t1", "other", "elsewhere")


def test_what_is_spent_stays_spent_whatever_a_later_question_of_the_step_comes_to(spent):
    spend(spent, "t1", "digest", "step")

    again = spent.reserve("t1", "digest", "step")
    spent.settle([(again, False)])

    clash(spent, "t1", "other", "elsewhere")


def test_a_reservation_taken_up_again_is_not_given_back_by_the_one_before(spent):
    before = spent.reserve("t1", "digest", "step")
    after = spent.reserve("t1", "digest", "step")

    spent.settle([(before, False)])

    clash(spent, "t1", "other", "elsewhere")
    assert spent.settle([(after, True)]) == [None]


def test_an_approval_falls_where_the_id_went_to_somebody_else_meanwhile(spent):
    before = spent.reserve("t1", "digest", "step")
    after = spent.reserve("t1", "digest", "step")
    spent.settle([(after, False)])
    other = spent.reserve("t1", "other", "elsewhere")

    (conflict,) = spent.settle([(before, True)])

    assert conflict.state is State.RESERVED
    assert spent.settle([(other, True)]) == [None]


def test_an_approval_stands_where_the_id_was_given_back_and_nobody_took_it(spent):
    before = spent.reserve("t1", "digest", "step")
    after = spent.reserve("t1", "digest", "step")
    spent.settle([(after, False)])

    assert spent.settle([(before, True)]) == [None]
    clash(spent, "t1", "digest", "elsewhere")


def test_settling_twice_changes_nothing(spent):
    mine = spend(spent, "t1", "digest")

    assert spent.settle([(mine, True), (mine, False)]) == [None, None]
    clash(spent, "t1", "digest")


def test_an_id_may_be_released_by_hand_until_it_is_spent(spent):
    spent.reserve("dead", "digest")
    spend(spent, "paid", "digest")

    assert [spent.release(name) for name in ("dead", "paid", "unknown")] == [True, False, False]
    take(spent, "dead", "digest")
    clash(spent, "paid", "digest")


@pytest.mark.parametrize(
    "ids", [["a", "A", "a ", "", "\0", "a\0", "é", "e\u0301", "\ud800", "?", "'; DROP TABLE spent"]]
)
def test_ids_are_compared_character_by_character(spent, ids):
    for name in ids:
        take(spent, name, name, name)
    for name in ids:
        clash(spent, name, "other", name)


def test_a_restart_forgets_nothing(tmp_path):
    with closing(Spent(tmp_path)) as spent:
        spend(spent, "paid", "digest", "step")
        spent.reserve("reserved", "digest", "step")

    with closing(Spent(tmp_path)) as spent:
        assert clash(spent, "paid", "digest", "other").state is State.SPENT
        assert clash(spent, "reserved", "digest", "other").state is State.RESERVED
        take(spent, "paid", "digest", "step")
        take(spent, "reserved", "digest", "step")


def test_no_file_is_made_before_it_is_needed(tmp_path):
    with closing(Spent(tmp_path)):
        assert list(tmp_path.iterdir()) == []


def test_a_closed_store_is_refused(tmp_path):
    spent = Spent(tmp_path)
    spent.reserve("t", "d")
    spent.close()
    spent.close()

    with pytest.raises(StoreError, match=r"experts-spent\.db is closed"):
        spent.reserve("u", "d")


def test_an_approval_is_synced_and_a_reservation_is_not(tmp_path):
    levels: list[int] = []
    with closing(Spent(tmp_path)) as spent:
        for name in ("t1", "t2"):
            mine = take(spent, name, "digest")
            levels.append(opened(spent).execute("PRAGMA synchronous")[0][0])
            spent.settle([(mine, True)])
            levels.append(opened(spent).execute("PRAGMA synchronous")[0][0])

    assert levels == [1, 2, 1, 2]  # NORMAL, FULL


def test_threads_that_race_for_an_id_have_one_winner(tmp_path):
    won = []

    def race(spent, names):
        for name in names:
            found = spent.reserve(name, "digest")
            if isinstance(found, Reservation):
                won.append(name)
                assert spent.settle([(found, True)]) == [None]

    names = [f"t{number}" for number in range(60)]
    with (
        closing(Spent(tmp_path, durability=Durability.PROCESS)) as first,
        closing(Spent(tmp_path, durability=Durability.PROCESS)) as second,
    ):
        threads = [
            threading.Thread(target=race, args=(spent, random.Random(seed).sample(names, 60)))
            for seed, spent in enumerate([first, first, second, second])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(won) == sorted(names)


RACER = """
import sys
from pathlib import Path
from ciranda.store import Durability
from ciranda_experts.conservation import Reservation, Spent

spent = Spent(Path(sys.argv[1]), durability=Durability.PROCESS)
spent.reserve(sys.argv[2], "ready")
print("ready", flush=True)
sys.stdin.readline()
for number in range(100):
    found = spent.reserve(f"t{number}", "digest", sys.argv[2])
    if isinstance(found, Reservation):
        assert spent.settle([(found, True)]) == [None]
        print(number, flush=True)
spent.close()
"""


def test_processes_that_race_for_an_id_have_one_winner(tmp_path):
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [racer.communicate(timeout=60)[0].split() for racer in racers]

    assert [racer.returncode for racer in racers] == [0, 0]
    assert sorted(map(int, won[0] + won[1])) == list(range(100))


CRASHER = """
import os, sys
from pathlib import Path
from ciranda_experts.conservation import Spent

spent = Spent(Path(sys.argv[1]))
paid = spent.reserve("paid", "digest", "step")
assert spent.settle([(paid, True)]) == [None]
spent.reserve("reserved", "digest", "step")
spent.reserve("nobody's", "digest")
os.kill(os.getpid(), 9)
"""


def test_a_step_that_was_killed_takes_its_reservation_up_again_and_others_may_not(tmp_path):
    command = [sys.executable, "-c", CRASHER, str(tmp_path)]
    killed = subprocess.run(command, check=False)
    assert killed.returncode == -signal.SIGKILL

    with closing(Spent(tmp_path)) as spent:
        assert clash(spent, "paid", "digest", "other").state is State.SPENT
        assert clash(spent, "reserved", "digest", "other").state is State.RESERVED
        assert clash(spent, "reserved", "digest", "").state is State.RESERVED
        assert clash(spent, "reserved", "another", "step").state is State.RESERVED
        assert clash(spent, "nobody's", "digest").state is State.RESERVED

        spend(spent, "reserved", "digest", "step")
        assert clash(spent, "reserved", "digest", "other").state is State.SPENT


def test_a_hundred_thousand_ids_are_found_as_fast_as_a_hundred(tmp_path):
    with closing(Spent(tmp_path, durability=Durability.PROCESS)) as spent:
        spent.settle((take(spent, f"t{number}", "digest"), True) for number in range(3))
        opened(spent).execute(
            "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
            "INSERT INTO spent SELECT CAST('t' || i AS BLOB), x'00', x'', '', 'spent', 0 FROM n"
        )

        plan = opened(spent).execute("EXPLAIN QUERY PLAN SELECT * FROM spent WHERE id = x'00'")
        assert [row[3] for row in plan] == ["SEARCH spent USING PRIMARY KEY (id=?)"]
        clash(spent, "t77777", "digest")
        take(spent, "t100001", "digest")


def test_a_strangers_file_is_told(tmp_path):
    Database("experts-spent", ["CREATE TABLE a(x)", "SELECT 1"], folder=tmp_path).close()

    with pytest.raises(StoreError, match=r"experts-spent\.db was made by a newer ciranda"):
        Spent(tmp_path).reserve("t", "d")
