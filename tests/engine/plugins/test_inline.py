"""A plugin that is one file of the project, with the files next to it."""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ciranda.errors import PluginError
from ciranda.plugins import Plugins, load_inline

Make = Callable[..., Plugins]
Write = Callable[[str, str], Path]

SOURCE = """
from ciranda.actions import action
from ciranda.hooks import hookimpl
{imports}

@action("my.say")
def say(text: str) -> str:
    '''Say it.'''
    {body}

@hookimpl
def actions():
    return [say]
"""


def source(imports: str = "", body: str = "return text") -> str:
    return SOURCE.format(imports=imports, body=body)


def say(plugins: Plugins, text: str = "x") -> Any:
    return plugins.actions["my.say"].function(text)


def load(plugins: Plugins, folder: Path, name: str = "./actions.py") -> Plugins:
    plugins.load(["my"], declared=[name], folder=folder)
    return plugins


def test_a_file_is_loaded_under_a_private_name_made_of_path_and_content(
    make_plugins: Make, write: Write, project: Path
) -> None:
    write("actions.py", source())

    plugins = load(make_plugins(), project)

    module = plugins.actions["my.say"].function.__module__
    assert module.startswith("_ciranda_")
    assert sys.modules[module].say is not None
    assert "actions" not in sys.modules
    assert plugins.actions["my.say"].plugin == "actions.py"
    (digest,) = plugins.versions().values()
    assert digest.startswith("sha256:")
    assert plugins.digest("actions.py") == digest


@pytest.mark.parametrize(
    ("files", "imports", "body"),
    [
        ({"helpers.py": "word = 'h'"}, "from helpers import word", "return word"),
        ({"helpers.py": "word = 'h'"}, "import helpers", "return helpers.word"),
        ({"helpers.py": "word = 'h'"}, "import helpers as he", "return he.word"),
        ({"helpers.py": "word = 'h'"}, "", "import helpers; return helpers.word"),
        ({"helpers.py": "word = 'h'"}, "from . import helpers", "return helpers.word"),
        ({"helpers.py": "word = 'h'"}, "from .helpers import word", "return word"),
        ({"helpers.py": "word = 'h'"}, "from helpers import *", "return word"),
        (
            {"helpers.py": "from other import word", "other.py": "word = 'h'"},
            "from helpers import word",
            "return word",
        ),
        (
            {"lib/__init__.py": "", "lib/text.py": "from . import low", "lib/low.py": "word = 'h'"},
            "import lib.text",
            "return lib.text.low.word",
        ),
        ({"lib/tell.py": "word = 'h'"}, "from lib import tell", "return tell.word"),
        ({"lib/text.py": "word = 'h'"}, "import lib.text as t", "return t.word"),
        (
            {"helpers.py": "import actions\ndef word(): return actions.WORD"},
            "WORD = 'h'\nimport helpers",
            "return helpers.word()",
        ),
        ({"actions/__init__.py": "1 / 0"}, "", "return 'h'"),
    ],
)
def test_files_next_to_it_are_imported_and_nothing_global_changes(
    make_plugins: Make,
    write: Write,
    project: Path,
    files: dict[str, str],
    imports: str,
    body: str,
) -> None:
    write("actions.py", source(imports, body))
    for name, text in files.items():
        write(name, text)
    before = (list(sys.path), list(sys.meta_path), list(sys.path_hooks), set(sys.modules))

    plugins = load(make_plugins(), project)

    assert say(plugins) == "h"
    assert [list(sys.path), list(sys.meta_path), list(sys.path_hooks)] == list(before[:3])
    assert all(name.startswith("_ciranda_") for name in set(sys.modules) - before[3])


def test_two_projects_have_helpers_of_their_own(
    make_plugins: Make, write: Write, project: Path
) -> None:
    for folder in ("a", "b"):
        write(f"{folder}/actions.py", source("from helpers import word", "return word"))
        write(f"{folder}/helpers.py", f"word = {folder!r}")

    first = load(make_plugins(), project / "a")
    second = load(make_plugins(), project / "b")

    assert (say(first), say(second)) == ("a", "b")


def test_annotations_of_its_classes_can_be_read(
    make_plugins: Make, write: Write, project: Path
) -> None:
    write(
        "actions.py",
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Sent:\n    text: str\n" + source(body="return Sent(text)"),
    )

    sent = say(load(make_plugins(), project))

    assert typing.get_type_hints(type(sent)) == {"text": str}


def test_the_digest_covers_the_file_and_the_modules_it_imported(
    make_plugins: Make, write: Write, project: Path
) -> None:
    write("actions.py", source("from helpers import word"))
    write("helpers.py", "word = 1")
    write("unused.py", "")

    def digest() -> str:
        return load(make_plugins(), project).digest("actions.py")

    first = digest()
    write("unused.py", "changed = 1")
    same = digest()
    write("helpers.py", "word = 2")
    helper = digest()
    write("actions.py", source("from helpers import word", "return 'more'"))

    assert first == same
    assert len({first, helper, digest()}) == 3


def test_a_changed_file_is_loaded_again_and_an_unchanged_one_is_not(
    make_plugins: Make, write: Write, project: Path
) -> None:
    write("actions.py", source("from helpers import word", "return word"))
    write("helpers.py", "word = 1")
    plugins = load(make_plugins(), project)
    first = plugins.actions["my.say"]

    load(plugins, project)
    same = plugins.actions["my.say"]
    write("helpers.py", "word = 2")
    load(plugins, project)

    assert first is same
    assert say(plugins) == 2
    assert first.function("x") == 1


def test_a_pinned_bundle_brings_back_what_ran_then(
    make_plugins: Make, write: Write, project: Path
) -> None:
    write("actions.py", source("from helpers import word", "return word"))
    helpers = write("helpers.py", "word = 'then'")
    plugins = load(make_plugins(), project)
    bundle = plugins.bundles()["actions.py"]
    version = plugins.versions()
    write("actions.py", source(body="return 'now'"))
    helpers.unlink()

    load(plugins, project)
    now = say(plugins)
    plugins.restore("actions.py", bundle, project)
    again = make_plugins()
    again.restore("actions.py", bundle, project)

    assert now == "now"
    assert say(plugins) == say(again) == "then"
    assert plugins.versions() == again.versions() == version


def test_a_bundle_that_cannot_be_read_is_one_sentence(project: Path) -> None:
    with pytest.raises(PluginError, match=r"'a.py': its pinned sources cannot be read"):
        load_inline(project / "a.py", project, bundle=b"\xff")


def test_a_file_above_the_workflow_but_within_the_project_is_fine(
    make_plugins: Make, write: Write, project: Path
) -> None:
    write("shared/actions.py", source())
    (project / "flows").mkdir()

    plugins = load(make_plugins(), project / "flows", "../shared/actions.py")

    assert list(plugins.versions()) == ["shared/actions.py"]


def test_without_a_project_the_files_folder_is_the_wall(make_plugins: Make, tmp_path: Path) -> None:
    (tmp_path / "loose").mkdir()
    (tmp_path / "actions.py").write_text(source())

    with pytest.raises(PluginError, match=r"'\.\./actions.py' lies outside of the project .*loose"):
        load(make_plugins(), tmp_path / "loose", "../actions.py")


@pytest.mark.parametrize("way", ["link", "dots", "absolute"])
def test_a_file_outside_of_the_project_is_refused(
    make_plugins: Make, project: Path, tmp_path: Path, way: str
) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("raise SystemExit")
    (project / "link.py").symlink_to(outside)
    text = {"link": "./link.py", "dots": "./../outside.py", "absolute": str(outside)}[way]

    with pytest.raises(PluginError, match="lies outside of the project"):
        load(make_plugins(), project, text)


def test_an_import_that_leaves_the_project_through_a_link_is_refused(
    make_plugins: Make, write: Write, project: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside.py").write_text("raise SystemExit")
    (project / "helpers.py").symlink_to(tmp_path / "outside.py")
    write("actions.py", source("import helpers"))

    with pytest.raises(PluginError, match=r"'actions.py' imports .*helpers.py, which lies outside"):
        load(make_plugins(), project)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./gone.py", "there is no file .*gone.py"),
        ("./notes.txt", "must end in .py"),
        ("./a.b.py", "must end in .py and have no other dot"),
    ],
)
def test_a_path_that_is_no_plugin_is_named_as_written(
    make_plugins: Make, write: Write, project: Path, name: str, message: str
) -> None:
    write("notes.txt", "")
    write("a.b.py", "")

    with pytest.raises(PluginError, match=f"plugin '{name}'.*{message}"):
        load(make_plugins(), project, name)


@pytest.mark.parametrize(
    ("imports", "message"),
    [
        ("import gone_for_good", r"No module named 'gone_for_good' \(.*actions.py:4\)"),
        ("import lib.gone", r"No module named 'lib.gone' \(.*actions.py:4\)"),
        ("from helpers import gone", r"cannot import name 'gone' from .*actions.py:4\)"),
        ("import broken", r"ZeroDivisionError: division by zero \(.*broken.py:2\)"),
        ("import wrong", r"'actions.py' is not valid Python: .*wrong.py:1\)"),
        ("from .. import above", r"ImportError: .*beyond top-level"),
    ],
)
def test_a_failing_import_says_where_and_leaves_nothing_behind(
    make_plugins: Make, write: Write, project: Path, imports: str, message: str
) -> None:
    write("actions.py", source(imports))
    write("helpers.py", "")
    write("lib/__init__.py", "")
    write("broken.py", "\n1 / 0")
    write("wrong.py", "def")
    before = set(sys.modules)

    with pytest.raises(PluginError, match=message):
        load(make_plugins(), project)

    assert set(sys.modules) == before


def test_an_action_that_is_not_there_leaves_the_namespace_open(
    make_plugins: Make, write: Write, project: Path
) -> None:
    write("actions.py", source())

    with pytest.raises(PluginError, match="there is no plugin 'mine'"):
        make_plugins().load(["mine"], declared=["./actions.py"], folder=project)
