"""The secrets of a run: those that its file names, and those that it is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ciranda.expressions import Secret
from ciranda.vault import Vault, resolve_secrets
from ciranda.workflow.model import Workflow

__all__ = ["base_of", "vault_of"]


def base_of(workflow: Workflow) -> Path:
    """Return the folder that paths in a workflow's file are relative to."""
    return Path(workflow.file).resolve().parent if workflow.file else Path.cwd()


def vault_of(workflow: Workflow, inputs: Mapping[str, Any], environ: Mapping[str, str]) -> Vault:
    """Return the vault of a run. Blocks: secrets may be read from files, or be said by commands.

    Args:
        workflow: What is run.
        inputs: Values by name; those of type `secret` are kept, as text or as they are read.
        environ: The environment to look in.

    Raises:
        InputError: A secret is not there, or is not text.
    """
    found = resolve_secrets(workflow.secrets, base_of(workflow), environ)
    for name, declared in workflow.inputs.items():
        given = inputs.get(name)
        text = given.reveal() if isinstance(given, Secret) else given
        if declared.type == "secret" and isinstance(text, str):
            found[f"inputs.{name}"] = text
    return Vault(found)
