"""The layered sandbox: every layer found by trying, applied in one call, reported by name."""

from .bubblewrap import command as bubblewrap_command, find as find_bubblewrap
from .confine import confine, detect
from .error import SandboxError
from .policy import Policy, Profile
from .report import Gap, Level, SandboxReport, require
from .syscalls import Kernel

__all__ = [
    "Gap",
    "Kernel",
    "Level",
    "Policy",
    "Profile",
    "SandboxError",
    "SandboxReport",
    "bubblewrap_command",
    "confine",
    "detect",
    "find_bubblewrap",
    "require",
]
