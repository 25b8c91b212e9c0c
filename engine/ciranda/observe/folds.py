"""Places in a file that began again within itself, and where they stand in the workflow."""

from __future__ import annotations

from typing import Final, final

from ciranda.events.path import inside, named
from ciranda.workflow.model import Workflow

__all__ = ["Folds"]

_OF_WORKFLOW: Final = "@workflow."  # what the handlers of a file that is a step begin with


@final
class Folds:
    """Where the steps of a workflow stand that are reached by a file which uses itself.

    Args:
        workflow: The workflow; None has no such steps.
    """

    def __init__(self, workflow: Workflow | None = None) -> None:
        self._back: Final[dict[str, str]] = {}  # from the steps that begin a file again to it
        if workflow is not None:
            self._look(workflow)

    def _look(self, workflow: Workflow) -> None:
        files = {workflow.file: ""}
        waiting = [(workflow.steps, "", files)]
        waiting += [(one.steps, inside("", at), files) for at, one in workflow.handlers.items()]
        for steps, prefix, around in waiting:  # the list is the queue
            for name, step in steps.items():
                place = f"{prefix}{name}"
                for at, block in step.blocks.items():
                    own = block.workflow
                    if block.again:
                        self._back[place] = around[block.again]
                    else:
                        inner = around if own is None else {**around, own.file: place}
                        waiting.append((block.steps, inside(place, at), inner))

    def place(self, place: str) -> str:
        """Return where a step stands: of `less/less/own`, where `less` begins the file, `own`."""
        if not self._back:
            return place
        found = ""
        *owners, last = place.split("/")
        for part in owners:
            found = self.inside(_joined(found, part))
        return _joined(found, last)

    def inside(self, place: str) -> str:
        """Return where the steps in a step stand; `place` is where it stands itself."""
        return self._back.get(place, place)

    def named(self, place: str, owner: str) -> str:
        """Return what a place is called in a step in which its owner began again, or stands."""
        if not owner and place.startswith("@"):
            return f"{_OF_WORKFLOW}{place[1:]}"
        return named(place, owner)


def _joined(owner: str, part: str) -> str:
    if not owner:  # the handlers of the run have no step before their names
        return f"@{part.removeprefix(_OF_WORKFLOW)}" if part.startswith(_OF_WORKFLOW) else part
    return f"{owner}/{part}"
