"""The class that a plugin's settings are made from."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final, dataclass_transform

import msgspec

from ciranda.errors import SettingsError

__all__ = ["Settings"]

_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class _Sectioned(msgspec.StructMeta):
    """Takes `section=` from the class statement, which msgspec itself does not know."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> Any:
        section = options.pop("section", None)
        if section is not None and not _NAME.fullmatch(section):
            raise SettingsError(
                f"class {name}: section={section!r} is not a name of a-z, 0-9 and `-`"
            )
        made = super().__new__(cls, name, bases, namespace, **options)
        if section is not None:
            made.SECTION = section  # type: ignore[attr-defined] # declared on Settings
        return made


class Settings(msgspec.Struct, metaclass=_Sectioned, frozen=True, forbid_unknown_fields=True):
    """The settings of one plugin: one section of `ciranda.toml`, and the environment.

    Frozen; fields are typed, and a field without a default must be set.

    Example:
        ```python
        class SlackSettings(Settings, section="slack"):
            token: Secret
            channel: str = "#runs"
        ```
        is read from `[slack]` and from `CIRANDA_SLACK__TOKEN` and `CIRANDA_SLACK__CHANNEL`,
        the environment winning.
    """

    SECTION: ClassVar[str] = ""
