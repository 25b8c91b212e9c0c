"""The rules of the house, held by tests over what is in the repository."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WALL = 400
NO_NAMES = {"util", "utils", "helper", "helpers", "common", "base", "manager", "handler", "service"}


def tracked(pattern):
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def engine_files():
    return sorted((ROOT / "engine").rglob("*.py"))


def test_no_file_is_longer_than_the_wall():
    long = {
        str(file.relative_to(ROOT)): count
        for file in tracked("*.py")
        if (count := len(file.read_text(encoding="utf-8").splitlines())) > WALL
    }

    assert long == {}


def test_no_room_has_a_name_that_says_nothing():
    assert [str(file) for file in engine_files() if file.stem in NO_NAMES] == []


def public_modules():
    import ciranda

    found = pkgutil.walk_packages(ciranda.__path__, "ciranda.")
    names = [module.name for module in found if module.ispkg]
    return [name for name in names if not any(part.startswith("_") for part in name.split("."))]


@pytest.mark.parametrize("name", public_modules())
def test_every_package_offers_what_it_lists(name):
    module = importlib.import_module(name)
    offered = getattr(module, "__all__", [])

    assert len(set(offered)) == len(offered)  # their order is ruff's business
    assert [each for each in offered if not hasattr(module, each)] == []


def calls_of(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            target = node.func
            yield node.lineno, getattr(target, "id", getattr(target, "attr", ""))


def test_the_first_page_leads_to_every_page_of_the_docs():
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}

    assert pages <= set(re.findall(r"\((docs/[^)#]+)", (ROOT / "README.md").read_text("utf-8")))


def test_nothing_evaluates_user_text_or_unpickles():
    forbidden = {"eval", "exec", "loads_pickle", "yaml_load"}
    allowed = {"engine/ciranda/plugins/imports.py"}  # runs the source of an inline plugin
    found = [
        f"{file.relative_to(ROOT)}:{line} {name}"
        for file in engine_files()
        if str(file.relative_to(ROOT)) not in allowed
        for line, name in calls_of(file)
        if name in forbidden
    ]
    imports = [
        str(file.relative_to(ROOT))
        for file in engine_files()
        if re.search(
            r"^\s*(import|from) (pickle|marshal|shelve|dill)\b",
            file.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    ]

    assert found == []
    assert imports == []


def test_no_error_is_swallowed_without_a_word():
    pattern = re.compile(r"except (Exception|BaseException)[^\n]*:\n\s+pass\b")

    assert [str(file) for file in engine_files() if pattern.search(file.read_text("utf-8"))] == []


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "engine" / "ciranda" / "py.typed").is_file()


def test_importing_the_package_imports_next_to_nothing():
    heavy = ("anyio", "apsw", "msgspec", "pluggy")
    code = f"import sys, ciranda; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
