"""What steps ask the plugin, and its hook."""

from __future__ import annotations

from ciranda.hooks import hookspec

from .opened import LendSkills, Opened

__all__ = ["lend_skills"]


@hookspec
def lend_skills(request: LendSkills) -> Opened | None:
    """Lend what runs skills.

    Fires once an engine, when the first step runs a skill. The plugin `skills` answers it; one that
    comes before it may answer in its place, as one that runs them on another machine does.

    Args:
        request: Has nothing to say.

    Returns:
        What finds and runs skills. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def lend_skills(request):
            return Opened(settings, runner, company)
        ```
    """
