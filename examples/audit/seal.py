"""Digests of the report, so that the log of the run has them when it is anchored.

An inline plugin, used by `audit.yaml`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ciranda import action, hookimpl


@action("audit.sealed")
def sealed(files: list[Path]) -> dict[str, str]:
    """Return the SHA-256 of files by their names."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@hookimpl
def actions() -> list[Any]:
    """Offer the action of this file."""
    return [sealed]
