"""From where a secret is to be found to its text."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ciranda.errors import InputError
from ciranda.workflow.model import SecretRef


def resolve_secrets(
    references: Mapping[str, SecretRef],
    base: Path,
    environ: Mapping[str, str],
    timeout: float = 30.0,
) -> dict[str, str]:
    """Return the text of each secret. Blocks: call it in a thread.

    A last line break of a file or of a command's output is not part of the secret.

    Args:
        references: Where each is to be found.
        base: Folder that relative paths start from, and that commands run in.
        environ: The environment to look in; commands get it whole.
        timeout: Seconds that a command may take.

    Raises:
        InputError: One is not there, or is not text.
    """
    return {
        name: _resolve(name, reference, base, environ, timeout)
        for name, reference in references.items()
    }


def _resolve(
    name: str, reference: SecretRef, base: Path, environ: Mapping[str, str], timeout: float
) -> str:
    if reference.env is not None:
        try:
            return environ[reference.env]
        except KeyError:
            raise InputError(
                f"the secret `{name}` needs the environment variable `{reference.env}`, "
                "which is not set"
            ) from None
    if reference.file is not None:
        try:
            data = (base / reference.file).expanduser().read_bytes()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise InputError(
                f"the secret `{name}` cannot be read from {reference.file}: {reason}"
            ) from None
        return _text(name, data)
    if reference.command:
        return _text(name, _output(name, reference.command, base, environ, timeout))
    raise InputError(f"the secret `{name}` says neither `env`, `file` nor `command`")


def _output(
    name: str, argv: tuple[str, ...], base: Path, environ: Mapping[str, str], timeout: float
) -> bytes:
    told = f"the secret `{name}` is to come from the command `{argv[0]}`"
    try:
        child = subprocess.Popen(
            argv,
            cwd=base,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,  # so that what it starts can be ended with it
        )
    except OSError as error:
        raise InputError(f"{told}: {error.strerror or type(error).__name__}") from None
    with child:
        try:
            data, _ = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise InputError(f"{told}, which took longer than {timeout:g} s") from None
        finally:
            _end(child)
    if child.returncode:
        raise InputError(f"{told}, which ended with code {child.returncode}")
    return data


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)


def _text(name: str, data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InputError(f"the secret `{name}` is not text in UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")
