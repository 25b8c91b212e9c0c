"""Settings: one section a plugin, from the file and the environment."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from ciranda.errors import SettingsError
from ciranda.expressions import Secret
from ciranda.settings import (
    Configuration,
    PluginsSettings,
    RunSettings,
    Settings,
    StoreSettings,
    project_root,
    read_configuration,
)


class SlackSettings(Settings, section="slack"):
    token: Secret
    channel: str = "#runs"
    retries: int = 3
    rooms: tuple[str, ...] = ()
    notes: Path = Path("notes")
    quiet: bool = False


class LimitedSettings(Settings, section="my-limits"):
    most: int = 1

    def __post_init__(self) -> None:
        if self.most > 9:
            raise ValueError("`most` cannot be more than 9")


def read(folder: Path, toml: str = "", **environ: str) -> Configuration:
    (folder / "ciranda.toml").write_text(toml)
    return read_configuration(folder, environ)


def test_a_section_is_read_from_the_file_with_defaults(tmp_path: Path) -> None:
    configuration = read(tmp_path, '[slack]\ntoken = "t"\nrooms = ["a", "b"]\nnotes = "n/x"')

    settings = configuration.read(SlackSettings)

    assert settings.token.reveal() == "t"
    assert (settings.channel, settings.rooms) == ("#runs", ("a", "b"))
    assert settings.notes == tmp_path / "n" / "x"


def test_the_environment_wins_and_its_text_is_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    configuration = read(
        tmp_path,
        '[slack]\ntoken = "t"\nretries = 1',
        CIRANDA_SLACK__TOKEN="e",
        CIRANDA_SLACK__RETRIES="5",
        CIRANDA_SLACK__ROOMS="a,b",
        CIRANDA_SLACK__QUIET="true",
        CIRANDA_SLACK__NOTES="here",
        CIRANDA_MY_LIMITS__MOST="7",
        SLACK__TOKEN="other",
    )

    settings = configuration.read(SlackSettings)

    assert settings.token.reveal() == "e"
    assert (settings.retries, settings.rooms, settings.quiet) == (5, ("a", "b"), True)
    assert settings.notes == tmp_path / "here"
    assert configuration.read(LimitedSettings).most == 7


def test_settings_are_frozen_and_never_show_a_secret(tmp_path: Path) -> None:
    settings: Any = read(tmp_path, CIRANDA_SLACK__TOKEN="hush-hush").read(SlackSettings)

    with pytest.raises(AttributeError, match="immutable"):
        settings.channel = "#x"
    assert "hush-hush" not in repr(settings)


@pytest.mark.parametrize(
    ("toml", "environ", "message"),
    [
        (
            "[slack]\ntokn = 'x'",
            {},
            r"toml: \[slack\] `tokn` is not a setting; did you mean `token`\?",
        ),
        ("[slack]\ntoken = 'x'\nzzz = 1", {}, r"`zzz` is not a setting$"),
        (
            "[slack]\ntoken = 'x'\nretries = '5'",
            {},
            r"`retries` does not fit: Expected `int`, got `s",
        ),
        ("[slack]\ntoken = 5", {}, r"`token` does not fit: Expected `Secret`, got `int`"),
        ("[slack]\ntoken = 'x'\nnotes = 5", {}, r"`notes` does not fit: Expected `Path`, got"),
        ("", {}, r"`token` of \[slack\] is not set: write .*toml or set CIRANDA_SLACK__TOKEN"),
        (
            "",
            {"CIRANDA_SLACK__TOKN": "x"},
            r"nt: CIRANDA_SLACK__TOKN is not a .*mean `CIRANDA_SLACK__TOKEN`",
        ),
        (
            "",
            {"CIRANDA_SLACK__RETRIES": "five"},
            r"environment: `CIRANDA_SLACK__RETRIES` does not fit",
        ),
        ("slack = 1", {}, r"`slack` must be a section: write \[slack\]"),
    ],
)
def test_a_setting_that_does_not_fit_names_file_and_key(
    tmp_path: Path, toml: str, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        read(tmp_path, toml, **environ).read(SlackSettings)


def test_a_secret_of_the_wrong_kind_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, "[slack]\ntoken = 'x'\nretries = 'hush-hush'").read(SlackSettings)

    assert "hush-hush" not in str(caught.value)


def test_what_the_class_itself_refuses_names_its_section(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\[my-limits\]: `most` cannot be more than 9"):
        read(tmp_path, "[my-limits]\nmost = 10").read(LimitedSettings)


def test_a_class_without_a_section_or_with_a_bad_one_is_refused(tmp_path: Path) -> None:
    class Loose(Settings):
        x: int = 0

    with pytest.raises(SettingsError, match="class Loose names no section: write class Loose"):
        read(tmp_path).read(Loose)
    with pytest.raises(SettingsError, match="class Bad: section='Not A Name' is not a name"):

        class Bad(Settings, section="Not A Name"):
            pass


def test_the_file_of_the_nearest_project_is_read(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "ciranda.toml").write_text("[run]\nmax_parallel = 4")

    from_folder = read_configuration(inner, {})
    (inner / ".git").mkdir()
    fenced = read_configuration(inner, {})

    assert from_folder.read(RunSettings).max_parallel == 4
    assert fenced.read(RunSettings).max_parallel is None
    assert (from_folder.path, fenced.path) == (tmp_path / "ciranda.toml", None)


def test_a_project_begins_at_the_nearest_mark_or_at_the_files_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    file = folder / "flow.yaml"
    file.write_text("")

    alone = project_root(file)
    (tmp_path / ".git").write_text("gitdir: elsewhere")  # a worktree has a file

    assert alone == folder
    assert project_root(file) == tmp_path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[run\n", r"ciranda.toml is not TOML: .*line 1"),
        (b"x = '\xff'", "ciranda.toml cannot be read: .*utf-8"),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "ciranda.toml").write_bytes(content)

    with pytest.raises(SettingsError, match=message):
        read_configuration(tmp_path, {})


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class PaintSettings(Settings, section="paint"):
    colour: Colour = Colour.RED


@pytest.mark.parametrize(("written", "hint"), [("gren", "; did you mean `green`"), ("black", "$")])
def test_the_choices_of_a_setting_are_told(tmp_path: Path, written: str, hint: str) -> None:
    match = f"`colour` does not fit: .*; it is one of red, green{hint}"
    with pytest.raises(SettingsError, match=match):
        read(tmp_path, f'[paint]\ncolour = "{written}"').read(PaintSettings)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[plugin]\nenable = []", r"there is no section \[plugin\]; did you mean `plugins`\?"),
        ("max_parallel = 4", r"`max_parallel` stands outside of a section"),
    ],
)
def test_a_misspelt_section_of_the_engine_is_refused(
    tmp_path: Path, toml: str, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        read(tmp_path, toml).check_sections()


def test_sections_of_plugins_are_left_alone(tmp_path: Path) -> None:
    read(tmp_path, "[slack]\nx = 1\n[stores]\ny = 1\n[run]").check_sections(("stores",))


def test_the_engines_settings_have_defaults_and_limits(tmp_path: Path) -> None:
    configuration = read(tmp_path)

    assert configuration.read(StoreSettings) == StoreSettings(path=".ciranda", durability="power")
    assert configuration.plugins() == PluginsSettings()
    with pytest.raises(SettingsError, match=r"`max_parallel` does not fit: .* >= 1"):
        read(tmp_path, "[run]\nmax_parallel = 0").read(RunSettings)
    with pytest.raises(SettingsError, match=r"Invalid enum value .*; it is one of power, process"):
        read(tmp_path, "[store]\ndurability = 'fast'").read(StoreSettings)


def test_plugins_are_disabled_by_file_and_environment_together(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        '[plugins]\nenable = ["slack>=1"]\ndisable = ["a"]',
        CIRANDA_PLUGINS_DISABLE=" b,a ,,c",
    ).plugins()

    assert settings == PluginsSettings(enable=("slack>=1",), disable=("a", "b", "c"))


def test_settings_may_be_given_by_a_program(tmp_path: Path) -> None:
    tables: dict[str, Any] = {"slack": {"token": "t", "retries": 9}}

    settings = Configuration(tmp_path, tables=tables).read(SlackSettings)

    assert settings.retries == 9
