"""A folder of files, and the built-in decomposer over it."""

import pytest

from ciranda_planner.decomposing import RULES, Assignment, Goal, analyse


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("goal")
    for name in ("src/a.py", "src/b.py", "src/deep/c.py", "README.md", "run.sh"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x\n")
    return root


@pytest.fixture(scope="module")
def decompose(folder):
    def decompose(text, **defaults):
        goal = Goal(text=text, folder=folder, defaults=defaults)
        return RULES.decompose(Assignment(goal=goal, analysis=analyse(text)))

    return decompose


@pytest.fixture(scope="module")
def needs(decompose):
    def needs(text):
        made = decompose(text)
        assert made.faults == ()
        return {task["id"]: sorted(task.get("needs", [])) for task in made.tasks}

    return needs
