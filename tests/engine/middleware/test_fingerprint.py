"""The fingerprint changes whenever the code does."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ciranda.actions import Action, action
from ciranda.middleware.fingerprint import Fingerprints, NoKeyError

FILE = "from helpers import factor\n\ndef work(n: int) -> int:\n    return n * factor\n"


class Project:
    """A folder of Python files; importing one gives its function `work`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.imported: list[str] = []

    def write(self, name: str, text: str) -> "Project":
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)
        return self

    def fingerprint(self, name: str, module: str = "ciranda_test_actions") -> str:
        file = self.path / name
        spec = importlib.util.spec_from_file_location(module, file)
        assert spec is not None
        assert spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        sys.modules[module] = loaded
        self.imported.append(module)
        sys.path.insert(0, str(self.path))
        try:
            spec.loader.exec_module(loaded)
        finally:
            sys.path.remove(str(self.path))
            sys.modules.pop("helpers", None)
        return Fingerprints().of(made(loaded.work))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    project = Project(tmp_path)
    yield project
    for name in project.imported:
        sys.modules.pop(name, None)


def made(function: Callable[..., Any], **options: Any) -> Action:
    return action("demo.work", pure=True, **options)(function)


def test_an_inline_file_counts_with_the_project_files_that_it_imports(project):
    project.write("actions.py", FILE).write("helpers.py", "factor = 2\n").write("x.py", "")
    before = project.fingerprint("actions.py")

    project.write("x.py", "unrelated = 1\n")
    assert project.fingerprint("actions.py") == before

    project.write("helpers.py", "factor = 3\n")
    changed = project.fingerprint("actions.py")
    project.write("actions.py", FILE + "\n# a comment\n")

    assert len({before, changed, project.fingerprint("actions.py")}) == 3


@pytest.mark.parametrize(
    "line",
    [
        "def late():\n    import parts.deep",
        "from parts import deep",
        "from parts.deep import *",
        "from . import parts\nfrom .parts import deep",
    ],
)
def test_an_import_counts_wherever_and_however_it_is_written(project, line):
    from ciranda.middleware.sources import local_sources

    project.write("actions.py", f"{line}\n").write("parts/__init__.py", "from . import more\n")
    project.write("parts/deep.py", "import parts.more\n").write("parts/more.py", "import os\n")

    found = local_sources(project.path / "actions.py", [project.path])

    names = [file.relative_to(project.path).as_posix() for file in found]
    assert names == ["actions.py", "parts/__init__.py", "parts/deep.py", "parts/more.py"]


def test_a_file_that_is_no_python_imports_nothing(project):
    from ciranda.middleware.sources import local_sources

    project.write("actions.py", "def (:\n")

    assert local_sources(project.path / "actions.py", [project.path]) == [
        project.path / "actions.py"
    ]


def test_every_file_of_a_package_counts(project):
    project.write("pack/__init__.py", "def work(n: int) -> int:\n    return n\n")
    project.write("pack/deep/other.py", "")
    before = project.fingerprint("pack/__init__.py", "pack")

    project.write("pack/deep/other.py", "changed = True\n")

    assert project.fingerprint("pack/__init__.py", "pack") != before


def test_a_version_stands_for_the_code(project):
    fingerprints = Fingerprints()

    assert fingerprints.of(made(lambda: 1, version="7")) == "version 7"


def test_the_digest_of_its_plugin_stands_for_an_actions_code():
    seen: list[str] = []

    def digest_of(asked: Action) -> str:
        seen.append(asked.name)
        return "sha256:of the plugin"

    found = Fingerprints(digest_of).of(made(test_a_version_stands_for_the_code))

    assert found == "sha256:of the plugin test_a_version_stands_for_the_code"
    assert seen == ["demo.work"]


def test_functions_of_one_module_differ():
    fingerprints = Fingerprints()
    one = fingerprints.of(made(test_a_version_stands_for_the_code))

    assert fingerprints.of(made(test_functions_of_one_module_differ)) != one
    assert fingerprints.of(made(test_a_version_stands_for_the_code)) == one


def multiplier(factor: Any) -> Action:
    def work(n: int) -> Any:
        return n * factor

    return made(work)


def test_plain_data_that_a_nested_function_captured_counts():
    fingerprints = Fingerprints()

    assert fingerprints.of(multiplier(2)) == fingerprints.of(multiplier(2))
    assert fingerprints.of(multiplier(2)) != fingerprints.of(multiplier(3))
    assert fingerprints.of(multiplier(1)) != fingerprints.of(multiplier(True))
    assert fingerprints.of(multiplier(0)) != fingerprints.of(multiplier(None))


def test_a_default_that_a_nested_function_was_made_with_counts():
    fingerprints = Fingerprints()
    found = set()
    for factor in (0, 1, 2):

        def work(n: int = factor) -> int:
            return n

        found.add(fingerprints.of(made(work)))

    assert len(found) == 3


def test_a_function_that_captured_more_than_plain_data_has_no_fingerprint():
    with pytest.raises(NoKeyError, match="captures more than plain data; give it a version"):
        Fingerprints().of(multiplier(object()))


def test_code_in_no_file_has_no_fingerprint():
    names: dict[str, Any] = {"__name__": "nowhere"}
    exec("def work() -> int:\n    return 1\n", names)

    with pytest.raises(NoKeyError, match=r"the code of `demo.work` is in no file"):
        Fingerprints().of(made(names["work"]))


def test_a_function_of_the_interpreter_itself_has_no_fingerprint():
    with pytest.raises(
        NoKeyError, match=r"`demo.work` is not a Python function; give it a version"
    ):
        Fingerprints().of(Action(**fields(len)))


def fields(function: Callable[..., Any]) -> dict[str, Any]:
    names = {"name": "demo.work", "function": function, "is_async": False}
    return names | {"input_schema": {}, "output_schema": {}, "bind": dict, "finish": repr}
