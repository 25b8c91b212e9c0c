"""`ciranda.toml` and the environment, read section by section."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

import msgspec

from ciranda.errors import SettingsError
from ciranda.settings.project import SETTINGS_FILE, project_root
from ciranda.settings.section import Settings
from ciranda.settings.sections import (
    PluginsSettings,
    RateSettings,
    RunSettings,
    StoreSettings,
)

__all__ = ["Configuration", "read_configuration"]

S = TypeVar("S", bound=Settings)

PREFIX: Final = "CIRANDA_"
DISABLE: Final = "CIRANDA_PLUGINS_DISABLE"
ENGINE_SECTIONS: Final = tuple(
    one.SECTION for one in (PluginsSettings, RateSettings, RunSettings, StoreSettings)
)


class Configuration(msgspec.Struct, frozen=True):
    """Settings as written; `read` makes one section of them into an object.

    Args:
        root: The project's root.
        path: The file that was read, if there is one.
        tables: Its sections.
        environ: The environment, or as much of it as counts.
    """

    root: Path
    path: Path | None = None
    tables: Mapping[str, Any] = msgspec.field(default_factory=dict)
    environ: Mapping[str, str] = msgspec.field(default_factory=dict)

    def read(self, kind: type[S]) -> S:
        """Return the settings of one class.

        Raises:
            SettingsError: A key is unknown or missing, or a value does not fit.
        """
        section = kind.SECTION
        if not section:
            raise SettingsError(
                f"class {kind.__name__} names no section: "
                f'write class {kind.__name__}(Settings, section="...")'
            )
        fields = {one.encode_name: one for one in msgspec.structs.fields(kind)}
        values: dict[str, Any] = {}
        for key, value in self._table(section).items():
            place = f"{self._file}: [{section}]"
            if key not in fields:
                raise SettingsError(f"{place} `{key}` is not a setting{_hint(key, fields)}")
            base = self.path.parent if self.path else self.root
            values[fields[key].name] = _converted(value, fields[key].type, place, key, base)
        names = {_variable(section, key): key for key in fields}
        start = _variable(section, "")
        for name, text in self.environ.items():
            if not name.startswith(start):
                continue
            if name not in names:
                raise SettingsError(f"environment: {name} is not a setting{_hint(name, names)}")
            one = fields[names[name]]
            value = text.split(",") if _is_list(one.type) else text
            values[one.name] = _converted(value, one.type, "environment:", name, None)
        for key, one in fields.items():
            if one.required and one.name not in values:
                raise SettingsError(
                    f"`{key}` of [{section}] is not set: write it in {self._file} "
                    f"or set {_variable(section, key)}"
                )
        try:
            return kind(**values)
        except (ValueError, TypeError) as error:  # from the class's own __post_init__
            raise SettingsError(f"{self._file}: [{section}]: {error}") from error

    def with_tables(self, tables: Mapping[str, Mapping[str, Any]]) -> Configuration:
        """Return the same configuration with other values for some keys of some sections."""
        changed = {name: {**self._table(name), **table} for name, table in tables.items()}
        return msgspec.structs.replace(self, tables={**self.tables, **changed})

    def plugins(self) -> PluginsSettings:
        """Return which plugins may be used, with `CIRANDA_PLUGINS_DISABLE` added."""
        settings = self.read(PluginsSettings)
        more = [name.strip() for name in self.environ.get(DISABLE, "").split(",")]
        disable = dict.fromkeys((*settings.disable, *filter(None, more)))
        return PluginsSettings(enable=settings.enable, disable=tuple(disable))

    def check_sections(self, plugins: Mapping[str, Any] | tuple[str, ...] = ()) -> None:
        """Refuse a section that looks like a misspelt one of the engine.

        Other sections belong to plugins that may not be installed here; they are left alone.

        Raises:
            SettingsError: Such a section, or a value outside of any, is in the file.
        """
        for name, table in self.tables.items():
            if not isinstance(table, dict):
                raise SettingsError(
                    f"{self._file}: `{name}` stands outside of a section; "
                    f"put it below one, such as [{ENGINE_SECTIONS[0]}]"
                )
            if name in ENGINE_SECTIONS or name in plugins:
                continue
            hint = _hint(name, ENGINE_SECTIONS)
            if hint:
                raise SettingsError(f"{self._file}: there is no section [{name}]{hint}")

    @property
    def _file(self) -> str:
        return str(self.path) if self.path else SETTINGS_FILE

    def _table(self, section: str) -> Mapping[str, Any]:
        table = self.tables.get(section, {})
        if not isinstance(table, Mapping):
            raise SettingsError(f"{self._file}: `{section}` must be a section: write [{section}]")
        return table


def read_configuration(start: Path, environ: Mapping[str, str] = os.environ) -> Configuration:
    """Read the `ciranda.toml` of the project that `start` lies in; it may be absent.

    Raises:
        SettingsError: The file cannot be read or is not TOML.
    """
    root = project_root(start)
    path = root / SETTINGS_FILE
    ours = {name: text for name, text in environ.items() if name.startswith(PREFIX)}
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Configuration(root, environ=ours)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    import tomllib  # most projects have no such file

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    return Configuration(root, path, tables, ours)


def _variable(section: str, key: str) -> str:
    return f"{PREFIX}{section}__{key}".upper().replace("-", "_")


def _is_list(kind: Any) -> bool:
    options = [kind, *get_args(kind)]  # of `tuple[str, ...] | None` the first
    return any((get_origin(one) or one) in (list, tuple, set, frozenset) for one in options)


def _converted(value: Any, kind: Any, place: str, key: str, base: Path | None) -> Any:
    """Convert a value of the file; or, when it has no `base` folder, text of the environment."""

    def decode(wanted: type, written: Any) -> Any:
        from ciranda.expressions.secret import Secret  # most settings hold none

        if isinstance(written, str) and wanted is Secret:
            return Secret(key, written)
        if isinstance(written, str) and wanted is Path:
            return (base or Path.cwd()) / written
        raise ValueError(f"Expected `{wanted.__name__}`, got `{type(written).__name__}`")

    try:
        return msgspec.convert(value, kind, strict=base is not None, dec_hook=decode)
    except msgspec.ValidationError as error:
        # msgspec names types, and of values only those that no choice offers: no secret leaks.
        choices: tuple[str, ...] = ()
        if get_origin(kind) is Literal:
            choices = tuple(map(str, get_args(kind)))
        elif isinstance(kind, type) and issubclass(kind, Enum):
            choices = tuple(str(one.value) for one in kind)
        rest = f"; it is one of {', '.join(choices)}" if choices else ""
        if choices and isinstance(value, str):
            rest += _hint(value, choices)
        raise SettingsError(f"{place} `{key}` does not fit: {error}{rest}") from None


def _hint(word: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    from ciranda.workflow.nearest import nearest  # only a mistake needs it

    meant = nearest(word, known)
    if meant:
        return f"; did you mean `{meant}`?"
    return ""
