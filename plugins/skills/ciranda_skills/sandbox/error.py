"""The one error of the sandbox."""

from ciranda.errors import CirandaError

__all__ = ["SandboxError"]


class SandboxError(CirandaError):
    """The sandbox cannot be what was asked for; nothing foreign has run."""
