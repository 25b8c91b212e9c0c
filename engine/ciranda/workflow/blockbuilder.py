"""Steps made in Python that a step, or the end of a run, holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Unpack, final

from ciranda.errors import WorkflowError
from ciranda.workflow.places import Places
from ciranda.workflow.reference import Reference, StepReference
from ciranda.workflow.stepoptions import StepOptions

__all__ = ["Steps", "group_options"]


@final
class Steps(Mapping[str, Mapping[str, Any]]):
    """Steps that are given as a whole: to `steps`, `try_`, `on_failure`, a case and so on.

    They are read, and what is wrong with them told, when a workflow is given them.

    Example:
        undo = Steps()
        undo.step("refund", uses=refund, with_={"id": "${{ steps.pay.output.id }}"})
        flow.step("pay", uses=pay, compensate=undo)
    """

    def __init__(self) -> None:
        self._steps: dict[str, dict[str, Any]] = {}
        self._outputs: dict[str, Any] = {}

    def __getitem__(self, id: str) -> Mapping[str, Any]:  # noqa: A002 - the file's word
        return self._steps[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def outputs(self) -> Mapping[str, Any]:
        """What was said to be the output of the group that holds them."""
        return self._outputs

    def step(
        self,
        id: str,  # noqa: A002 - the file's word
        *,
        uses: str | Callable[..., Any] | None = None,
        run: str | Sequence[str | Reference] | None = None,
        with_: Mapping[str, Any] | None = None,
        **options: Unpack[StepOptions],
    ) -> StepReference:
        """Add a step and return the reference that others read.

        Raises:
            WorkflowError: The id is taken.
        """
        if id in self._steps:
            fault = Places(None).fault((), f"the step `{id}` is there twice")
            raise WorkflowError([fault])
        body = {"uses": uses, "run": run, "with_": with_}
        given = {name: each for name, each in body.items() if each is not None}
        self._steps[id] = {**given, **options}
        return StepReference(id)

    @contextmanager
    def group(self, id: str, **options: Unpack[StepOptions]) -> Iterator[Steps]:  # noqa: A002 - the file's word
        """Add a group of the steps that are added to what `with` gives."""
        inner = Steps()
        yield inner
        self.step(id, **group_options(inner, options))

    def output(self, name: str, value: Any) -> None:
        """Say what the group that holds the steps gives under `name`.

        Raises:
            WorkflowError: The name is taken.
        """
        if name in self._outputs:
            fault = Places(None).fault((), f"the output `{name}` is there twice")
            raise WorkflowError([fault])
        self._outputs[name] = value


def group_options(inner: Steps, options: StepOptions) -> StepOptions:
    """Return the options of a step that holds steps, with their outputs."""
    found: StepOptions = {**options, "steps": inner}
    if inner.outputs:
        found["outputs"] = {**options.get("outputs", {}), **inner.outputs}
    return found
