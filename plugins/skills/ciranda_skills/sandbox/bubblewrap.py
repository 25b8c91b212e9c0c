"""bubblewrap: a root folder of its own, for what must not even see that others exist."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .environment import wanted
from .error import SandboxError
from .policy import Policy

__all__ = ["around", "command", "find"]

_SYSTEM: Final = (
    "/usr",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/ssl/certs",
)
_LINKED: Final = ("/bin", "/sbin", "/lib", "/lib64", "/lib32")
_TRIAL_S: Final = 5.0


def command(policy: Policy, argv: Sequence[str], *, bwrap: str = "bwrap") -> tuple[str, ...]:
    """Return the command line that runs `argv` below bubblewrap.

    Open descriptors are passed on; the process inside confines itself as well, with
    `Policy.strict`.

    Args:
        policy: What it may see and change.
        argv: What to run, by absolute path.
        bwrap: The program, as `find` gave it.
    """
    line = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if policy.network:
        line += ["--share-net", "--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf"]
    line += ["--hostname", "sandbox", "--clearenv"]
    for name, value in wanted(policy, {}).items():
        line += ["--setenv", name, value]
    for path in _SYSTEM:
        line += ["--ro-bind-try", path, path]
    for path in _LINKED:
        place = Path(path)
        if place.is_symlink():
            line += ["--symlink", str(place.readlink()), path]
        else:
            line += ["--ro-bind-try", path, path]
    line += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for prefix in sorted({sys.prefix, sys.base_prefix} - {"/", "/usr"}):
        line += ["--ro-bind", prefix, prefix]
    for path in map(str, policy.read):
        line += ["--ro-bind", path, path]
    for path in map(str, policy.writable):
        line += ["--bind", path, path]
    if policy.cwd is not None:
        line += ["--chdir", str(policy.cwd)]
    return (*line, "--", *argv)


def around() -> bool:
    """Tell whether this process runs below bubblewrap, which is the first of its namespace."""
    try:
        return Path("/proc/1/comm").read_text(encoding="utf-8") == "bwrap\n"
    except OSError:
        return False


def find(name: str = "bwrap") -> str:
    """Return the path of a bubblewrap that works here, by running it; takes milliseconds.

    Args:
        name: Of the program, or its path.

    Raises:
        SandboxError: There is none, or it fails; says what to do.
    """
    import shutil  # workers import this module and never come here
    import subprocess

    path = shutil.which(name)
    if path is None:
        raise SandboxError("sandbox L4 needs bubblewrap and there is none: install `bwrap`")
    trial = command(Policy(), ["/usr/bin/env", "true"], bwrap=path)
    try:
        done = subprocess.run(trial, capture_output=True, timeout=_TRIAL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"sandbox L4 needs bubblewrap, and {path!r} fails: {error}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise SandboxError(f"sandbox L4 needs bubblewrap, and {path!r} fails: {said}")
    return path
