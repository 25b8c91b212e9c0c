"""The part of JSON Schema that the static check reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

ANY: Final[Schema] = {}
