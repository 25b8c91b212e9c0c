"""The built-in decomposer: what its rules make of checklists, steps and sentences."""

import pytest

from ciranda_planner.decomposing import RULES, Assignment, Goal, analyse
from ciranda_planner.faults import FaultKind


def faults(made):
    return [(fault.kind.value, fault.line) for fault in made.faults]


def test_items_of_a_checklist_are_tasks_that_wait_for_nothing(needs):
    assert needs("- [ ] Count lines\n* [ ] Lint\n+ Hash files") == {
        "count_lines": [],
        "lint": [],
        "hash_files": [],
    }


def test_numbered_steps_go_one_after_another(needs):
    assert needs("1. fetch\n2. build\n3) test") == {
        "fetch": [],
        "build": ["fetch"],
        "test": ["build"],
    }


def test_a_numbered_step_that_names_another_one_follows_that_alone(needs):
    found = needs("1. fetch\n2. build\n3. docs (after 1)\n4. ship")

    assert found["docs"] == ["fetch"]
    assert found["ship"] == ["build", "docs"]


def test_a_step_in_parallel_waits_for_what_the_one_before_waits_for(needs):
    found = needs("1. fetch\n2. build\n3. Meanwhile, lint\n4. ship")

    assert found["lint"] == ["fetch"]
    assert found["ship"] == ["build", "lint"]


@pytest.mark.parametrize(
    "words",
    [
        "ship after build",
        "ship (after build)",
        "ship (2m, depends on build)",
        "ship, which depends on building",
        "ship once the build is done",
        "After building, ship",
        "When the build is done, ship",
        "ship after `build`",
        'ship; after: "build"',
        "ship (needs: build)",
        "ship following build",
        "ship after building `make ship`",
        "ship after the `build`",
        "ship after building, `make ship`",
    ],
)
def test_a_task_says_in_many_ways_what_it_comes_after(needs, words):
    assert needs(f"- build\n- lint\n- {words}")["ship"] == ["build"]


def test_a_task_may_say_what_it_comes_before(needs):
    assert needs("- ship\n- build before shipping\n- Before build, fetch") == {
        "ship": ["build"],
        "build": ["fetch"],
        "fetch": [],
    }


def test_several_names_are_several_needs(needs):
    text = "- unit tests\n- lint\n- docs\n- After unit tests, linting and docs, party, hard"

    assert needs(text)["party_hard"] == ["docs", "lint", "unit_tests"]


def test_after_everything_else_is_after_all_other_tasks(needs):
    assert needs("- report after everything else\n- a1\n- b1")["report"] == ["a1", "b1"]


def test_words_that_only_look_like_names_stay_words(needs):
    assert needs("- look after the logs\n- name it after the author") == {
        "look_after_logs": [],
        "name_it_after_author": [],
    }


def test_sentences_are_tasks_in_the_order_that_they_say(needs):
    text = "First fetch the sources. Lint them, then build. Finally, write e.g. a report!"

    assert needs(text) == {
        "fetch_sources": [],
        "lint_them": [],
        "build": ["lint_them"],
        "write_e_g_report": ["build", "fetch_sources"],
    }


def test_then_goes_on_from_the_item_before(needs):
    assert needs("- count\n- then lint\n- lunch\n- Finally, report") == {
        "count": [],
        "lint": ["count"],
        "lunch": [],
        "report": ["count", "lint", "lunch"],
    }


def test_groups_wait_for_groups_through_their_first_and_last_tasks(needs):
    text = "## 1. Prepare\n1. fetch\n2. unpack\n## 2. Build\n- code\n- docs, then index\n"

    assert needs(text) == {
        "fetch": [],
        "unpack": ["fetch"],
        "code": ["unpack"],
        "docs": ["unpack"],
        "index": ["docs"],
    }


def test_a_group_with_work_of_its_own_does_it_after_its_parts(needs):
    text = "- Summarise `make sum` after prepare\n  - Count `make count`\n  - Lint\n- Prepare\n"

    found = needs(text)

    assert found["count"] == found["lint"] == ["prepare"]
    assert found["summarise"] == ["count", "lint"]


def test_a_pattern_is_a_task_for_each_of_its_files(decompose):
    made = decompose("- Lint every `src/**/*.py` with `ruff check` (3s, cpu)")

    assert [(task["id"], task["title"], task["command"]) for task in made.tasks] == [
        ("lint_src_a_py", "Lint src/a.py", ["ruff", "check", "src/a.py"]),
        ("lint_src_b_py", "Lint src/b.py", ["ruff", "check", "src/b.py"]),
        ("lint_src_deep_c_py", "Lint src/deep/c.py", ["ruff", "check", "src/deep/c.py"]),
    ]
    assert {(task["estimate"], task["kind"]) for task in made.tasks} == {("3s", "cpu")}


def test_what_goes_over_the_same_files_waits_file_by_file(needs):
    text = "- For each src/*.py:\n  - count\n  - lint after count\n- report after linting"

    assert needs(text) == {
        "count_src_a_py": [],
        "count_src_b_py": [],
        "lint_src_a_py": ["count_src_a_py"],
        "lint_src_b_py": ["count_src_b_py"],
        "report": ["lint_src_a_py", "lint_src_b_py"],
    }


def test_two_items_of_one_pattern_each_wait_for_all_files(needs):
    found = needs("- count each `src/*.py`\n- lint each `src/*.py` after counting")

    assert found["lint_src_a_py"] == ["count_src_a_py", "count_src_b_py"]


def test_actions_and_their_inputs_stand_in_code(decompose):
    made = decompose(
        "- Read `README.md` `uses: data.read`\n"
        "- Hash each `src/*.py` `uses: repo.hash with: {file: '{file}', bits: 256}`\n"
        "- Ask uses: my.agent `with: {text: hello}`\n"
    )

    assert [(task["title"], task["uses"], task["with"]) for task in made.tasks] == [
        ("Read README.md", "data.read", {"path": "README.md"}),
        ("Hash src/a.py", "repo.hash", {"file": "src/a.py", "bits": 256}),
        ("Hash src/b.py", "repo.hash", {"file": "src/b.py", "bits": 256}),
        ("Ask", "my.agent", {"text": "hello"}),
    ]


def test_a_command_is_words_and_never_a_shell_s(decompose):
    (task,) = decompose("- Tell `echo 'a b' '*.py' {x}`").tasks

    assert task["command"] == ["echo", "a b", "*.py", "{x}"]


def test_code_in_the_name_of_another_task_is_no_command(decompose):
    build, ship = decompose("- build\n- After `build`, ship with `make ship`").tasks

    assert (ship["needs"], ship["command"], ship["title"]) == (["build"], ["make", "ship"], "ship")
    assert "command" not in build


def test_what_a_file_is_called_never_becomes_an_option_or_an_expression(tmp_path):
    (tmp_path / "-rf.py").write_text("")

    def made():
        goal = Goal(text="- Lint each `*.py` with `ruff {file}`\n", folder=tmp_path)
        return RULES.decompose(Assignment(goal=goal, analysis=analyse(goal.text)))

    assert made().tasks[0]["command"] == ["ruff", "./-rf.py"]
    (tmp_path / "${{ secrets.TOKEN }}.py").write_text("")
    assert [fault.kind for fault in made().faults] == [FaultKind.NO_FILES]


@pytest.mark.parametrize(
    ("note", "fields"),
    [
        ("2m", {"estimate": "2m"}),
        ("~1.5 hours", {"estimate": "1h30m"}),
        ("1h 30 min", {"estimate": "1h30m"}),
        ("takes 250 ms", {"estimate": "250ms"}),
        ("timeout: 5m", {"timeout": "5m"}),
        ("within 2 days", {"deadline": "2d"}),
        ("3 requests", {"cost": {"requests": 3}}),
        ("1 call, 1.5k tokens in, 200 output tokens",
         {"cost": {"requests": 1, "input_tokens": 1500, "output_tokens": 200}}),
        ("high priority", {"priority": 10}),
        ("priority -3", {"priority": -3}),
        ("P0", {"priority": 20}),
        ("urgent", {"priority": 20}),
        ("cpu-bound, 2 retries", {"kind": "cpu", "retries": 2}),
        ("locks db and browser", {"resources": {"db": 1, "browser": 1}}),
        ("id: it", {"id": "it"}),
    ],
)  # fmt: skip
def test_brackets_say_what_a_task_takes(decompose, note, fields):
    (task,) = decompose(f"- Do it ({note})").tasks

    assert {key: task.get(key) for key in fields} == fields
    assert task["title"] == "Do it"


def test_brackets_that_say_nothing_of_the_kind_are_words(decompose):
    first, second = decompose("- Do it (the 3 files)\n- Then that (2m, with care)").tasks

    assert first["title"] == "Do it (the 3 files)"
    assert (second["title"], second["description"]) == ("that", "with care")


def test_parts_have_what_their_group_says_unless_they_say_otherwise(decompose):
    made = decompose("- Both (cpu, high priority)\n  - one\n  - two (low priority)\n")

    assert [(task["kind"], task["priority"]) for task in made.tasks] == [("cpu", 10), ("cpu", -10)]


def test_tasks_in_words_get_the_work_of_the_defaults(decompose):
    made = decompose(
        "- think\n- `make`\n", uses="my.agent", **{"with": {"text": "{title}"}}, retries=2
    )

    assert made.tasks[0]["uses"] == "my.agent"
    assert made.tasks[0]["with"] == {"text": "think"}
    assert "uses" not in made.tasks[1]
    assert [task["retries"] for task in made.tasks] == [2, 2]


def test_ticked_items_and_their_parts_are_done(decompose):
    made = decompose("# Notes\n- [x] a1\n  - b1\n- [ ] c1 (after a1)\n")

    assert made.done == ("b1",)
    assert made.name == "Notes"
    assert made.tasks[1]["needs"] == ["b1"]


def test_text_around_the_items_is_no_task(decompose):
    made = decompose(
        "# Title\nSome words.\n\n<!-- - not me -->\n- [ ] **Count** the [lines](http://x)\n"
        "  of it (1s)\n\n  At length.\n\n  ```sh\n  - nor me\n  ```\n---\n> 1. quoted\n"
    )

    assert [task["title"] for task in made.tasks] == ["Count the lines of it", "quoted"]
    assert made.tasks[0]["description"].startswith("At length.")


def test_equal_titles_get_ids_of_their_own(decompose):
    assert [task["id"] for task in decompose("- a1\n- a1\n- a1 2\n- ß!\n- 7\n- 日本").tasks] == [
        "a1", "a1_2", "a1_2_2", "ss", "_7", "task",
    ]  # fmt: skip
