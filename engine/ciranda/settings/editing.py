"""Enable a plugin by editing `ciranda.toml`, keeping every comment."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

from ciranda.errors import SettingsError

__all__ = ["enable_plugin"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HEADER: Final = re.compile(r"^[ \t]*\[[ \t]*plugins[ \t]*\][^\n]*$", re.MULTILINE)
_NEXT_HEADER: Final = re.compile(r"^[ \t]*\[", re.MULTILINE)
_ENABLE: Final = re.compile(r"^[ \t]*enable[ \t]*=[ \t]*\[", re.MULTILINE)
# A string, a comment, a bracket or a comma of a TOML array; strings first, so that a bracket
# within one is not taken for the array's.
_TOKEN: Final = re.compile(r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\],]')


def enable_plugin(path: Path, name: str) -> bool:
    """Add `name` to `enable` in the section `[plugins]` of a `ciranda.toml`.

    The file is made when it is absent and is replaced in one go; nothing but the one entry
    changes.

    Returns:
        False when the plugin was enabled already.

    Raises:
        SettingsError: The name cannot be one, or the file cannot be read, edited or written.
    """
    import tomllib

    if not _NAME.fullmatch(name):
        raise SettingsError(f"{name!r} is not the name of a plugin")
    path = path.resolve()  # through a symlink the file itself is replaced, not the link
    try:
        text = path.read_bytes().decode() if path.exists() else ""
        before = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be edited: {error}") from error
    wanted = _with_name(before, name, path)
    if wanted == before:
        return False
    try:
        edited = _edited(text, name)
        understood = tomllib.loads(edited) == wanted
    except ValueError:  # an edit that is no TOML, or found no place
        understood = False
    if not understood:
        raise SettingsError(
            f"{path}: [plugins] is written in a way that cannot be edited safely; "
            f'add "{name}" to its `enable` by hand'
        )
    _replace(path, edited)
    return True


def _with_name(before: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    plugins = before.get("plugins", {})
    enabled = plugins.get("enable", []) if isinstance(plugins, dict) else None
    if not isinstance(enabled, list):
        raise SettingsError(f"{path}: `enable` in [plugins] must be a list of names")
    if name in enabled:
        return before
    return before | {"plugins": plugins | {"enable": [*enabled, name]}}


def _edited(text: str, name: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    header = _HEADER.search(text)
    if header is None:
        gap = "" if not text else newline if text.endswith("\n") else newline * 2
        return f'{text}{gap}[plugins]{newline}enable = ["{name}"]{newline}'
    following = _NEXT_HEADER.search(text, header.end())
    array = _ENABLE.search(text, header.end())
    if array is None or (following and array.start() > following.start()):
        end = header.end() - text[: header.end()].endswith("\r")
        return f'{text[:end]}{newline}enable = ["{name}"]{text[end:]}'
    return _append(text, array.end(), name)


def _append(text: str, start: int, name: str) -> str:
    """Put `name` after the last entry of the array whose contents begin at `start`."""
    depth, last_end, comma = 0, start, True  # comma: none is needed before the next entry
    for token in _TOKEN.finditer(text, start):
        written = token.group()
        if written == "]" and depth == 0:
            entry = f'"{name}"' if comma else f', "{name}"'
            if comma and last_end > start:
                entry = f' "{name}",'
            return f"{text[:last_end]}{entry}{text[last_end:]}"
        depth += (written == "[") - (written == "]")
        if not written.startswith("#"):
            last_end, comma = token.end(), written == ","
    raise ValueError(name)


def _replace(path: Path, text: str) -> None:
    from tempfile import NamedTemporaryFile  # needed here only, and slow to import

    try:
        with NamedTemporaryFile(
            "wb", dir=path.parent, prefix=".ciranda.toml.", delete=False
        ) as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o7777 if path.exists() else 0o644
        os.chmod(file.name, mode)
        os.replace(file.name, path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error}") from error
