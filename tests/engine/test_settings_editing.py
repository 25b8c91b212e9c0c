"""`ciranda plugins enable`: one entry more, and not a comment less."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.errors import SettingsError
from ciranda.settings import enable_plugin
from ciranda.settings.editing import _edited


def enabled(path: Path) -> list[str]:
    names: list[str] = tomllib.loads(path.read_text())["plugins"]["enable"]
    return names


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[plugins]\nenable = ["slack"]\n'),
        ("[run] # here\n", '[run] # here\n\n[plugins]\nenable = ["slack"]\n'),
        ("[run]", '[run]\n\n[plugins]\nenable = ["slack"]\n'),
        ("[plugins] # mine", '[plugins] # mine\nenable = ["slack"]'),
        ("[plugins]\r\n[run]\r\n", '[plugins]\r\nenable = ["slack"]\r\n[run]\r\n'),
        ("[plugins]\n[run]\nx=1", '[plugins]\nenable = ["slack"]\n[run]\nx=1'),
        ("[plugins]\nenable = []", '[plugins]\nenable = ["slack"]'),
        ('[plugins]\nenable = ["a"]  # so\n', '[plugins]\nenable = ["a", "slack"]  # so\n'),
        ('[plugins]\nenable = ["a", ]', '[plugins]\nenable = ["a", "slack", ]'),
        (
            '[plugins]\nenable = [\n  "a",  # first ]\n  "b"  # second, last\n]\n',
            '[plugins]\nenable = [\n  "a",  # first ]\n  "b", "slack"  # second, last\n]\n',
        ),
        ("[ plugins ]\nenable=['x]']", "[ plugins ]\nenable=['x]', \"slack\"]"),
        (
            "[other]\nenable = [1]\n[plugins]\ndisable = []\n",
            '[other]\nenable = [1]\n[plugins]\nenable = ["slack"]\ndisable = []\n',
        ),
    ],
)
def test_one_entry_is_added_and_the_rest_stays(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "ciranda.toml"
    path.write_bytes(before.encode())

    assert enable_plugin(path, "slack")
    assert path.read_bytes().decode() == after
    assert enabled(path)[-1] == "slack"
    assert not enable_plugin(path, "slack")
    assert [one.name for one in tmp_path.iterdir()] == ["ciranda.toml"]


def test_an_absent_file_is_made(tmp_path: Path) -> None:
    assert enable_plugin(tmp_path / "ciranda.toml", "slack")
    assert enabled(tmp_path / "ciranda.toml") == ["slack"]


def test_a_link_and_the_files_mode_survive(tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    real.write_text("[run]\n")
    real.chmod(0o600)
    link = tmp_path / "ciranda.toml"
    link.symlink_to(real)

    enable_plugin(link, "slack")

    assert link.is_symlink()
    assert enabled(real) == ["slack"]
    assert real.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "plugins = {enable = []}",
            r'cannot be edited safely; add "slack" to its `enable` by hand',
        ),
        ("plugins.enable = ['a']", r"cannot be edited safely"),
        ("[plugins]\n\"enable\" = ['a']", r"cannot be edited safely"),
        ("[plugins]\nenable = 'a'", r"`enable` in \[plugins\] must be a list of names"),
        ("plugins = 1", r"must be a list of names"),
        ("[plugins", r"cannot be edited: Expected '\]' at the end"),
    ],
)
def test_what_cannot_be_edited_safely_is_left_alone(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "ciranda.toml"
    path.write_text(text)

    with pytest.raises(SettingsError, match=message):
        enable_plugin(path, "slack")

    assert path.read_text() == text


@pytest.mark.parametrize("name", ["", 'a"b', "a b", "../x", "a\nb", "-a"])
def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="is not the name of a plugin"):
        enable_plugin(tmp_path / "ciranda.toml", name)


PIECES = st.sampled_from(
    ["[plugins]\n", "enable = [", "]\n", '"a"', ", ", "# ] note\n", "\n", "[run]\n", "x = 1\n"]
)


@settings(max_examples=share(400), deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_an_edit_adds_the_name_or_does_not_parse_as_wanted(text: str) -> None:
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    if not isinstance(before.get("plugins", {}).get("enable", []), list):
        return

    after = tomllib.loads(_edited(text, "slack"))

    names = before.get("plugins", {}).get("enable", [])
    assert after == before | {"plugins": before.get("plugins", {}) | {"enable": [*names, "slack"]}}
