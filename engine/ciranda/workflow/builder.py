"""A workflow made in Python: the same model as a file gives, checked by the same schema."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Unpack, final

import msgspec

from ciranda.actions import Action
from ciranda.errors import WorkflowError
from ciranda.workflow import load as loading
from ciranda.workflow.blockbuilder import Steps, group_options
from ciranda.workflow.loader import Loaders, none
from ciranda.workflow.model import Input, Step, Workflow as Model
from ciranda.workflow.parts import attach
from ciranda.workflow.places import Places
from ciranda.workflow.reference import Reference, StepReference, written
from ciranda.workflow.stepoptions import StepOptions, WorkflowOptions, step_data

__all__ = ["StepOptions", "Steps", "Workflow", "load", "model_of"]

_FIELDS: Final = frozenset({"on", "concurrency", "rate", "timeout", "fail_fast"})


@final
class Workflow:
    """A workflow that can still grow; `model()` is what an engine runs.

    Args:
        name: How its runs are called.
        description: What it is for.
        order: `sequence` makes each step need the one before.
        start: A loaded workflow whose parts the new one begins with.

    Example:
        flow = Workflow("sum")
        a = flow.step("a", uses=add, with_={"x": 1, "y": 2})
        flow.output("total", a.output)
    """

    def __init__(
        self,
        name: str,
        *,
        description: str = "",
        order: str = "graph",
        start: Model | None = None,
    ) -> None:
        if start is not None:
            self._model = _copied(start)
            return
        self._model = loading.workflow_of(
            {
                "ciranda": 1,
                "name": name,
                "description": description,
                "order": order,
                "steps": {"start": {"uses": "builder.start"}},
            },
            Places(None),
        )
        self._model.steps.clear()

    @property
    def name(self) -> str:
        """How its runs are called."""
        return self._model.name

    @property
    def description(self) -> str:
        """What it is for."""
        return self._model.description

    @property
    def steps(self) -> Mapping[str, Step]:
        """The steps by id, in order."""
        return self._model.steps

    @property
    def inputs(self) -> Mapping[str, Input]:
        """The declared inputs by name."""
        return self._model.inputs

    @property
    def outputs(self) -> Mapping[str, Any]:
        """What a run gives back, as written."""
        return self._model.outputs

    def model(self, loaders: Loaders = none) -> Model:
        """Return the workflow as it is now; later steps do not change what is returned.

        Args:
            loaders: Who reads workflows that it uses and that are not called YAML or JSON.

        Raises:
            WorkflowError: It has no step, or uses a workflow that cannot be read.
        """
        if not self._model.steps:
            fault = Places(None).fault((), f"the workflow `{self.name}` has no step")
            raise WorkflowError([fault])
        return attach(_copied(self._model), loaders=loaders)

    def input(self, name: str, type: str = "string", **about: Any) -> Reference:  # noqa: A002 - the file's word
        """Declare an input and return the reference that reads it.

        Args:
            name: How the run calls it.
            type: One of the types of the file.
            about: `default`, `optional`, `description`, `enum`, `minimum` and so on.

        Raises:
            WorkflowError: The declaration does not fit, or the name is taken.
        """
        self._free("input", name, self._model.inputs)
        read = self._read({"inputs": {name: {"type": type, **about}}})
        self._model.inputs.update(read.inputs)
        return Reference(f"inputs.{name}")

    def env(self, name: str, value: Any) -> Reference:
        """Declare an environment variable: text, or `{"from": NAME, "default": TEXT}`.

        Raises:
            WorkflowError: The declaration does not fit, or the name is taken.
        """
        self._free("variable", name, self._model.env)
        self._model.env.update(self._read({"env": {name: written(value)}}).env)
        return Reference(f"env.{name}")

    def secret(self, name: str, **where: Any) -> Reference:
        """Declare where a secret is found: `env=`, `file=` or `command=`.

        Raises:
            WorkflowError: The declaration does not fit, or the name is taken.
        """
        self._free("secret", name, self._model.secrets)
        self._model.secrets.update(self._read({"secrets": {name: where}}).secrets)
        return Reference(f"secrets.{name}")

    def step(
        self,
        id: str,  # noqa: A002 - the file's word
        *,
        uses: str | Callable[..., Any] | None = None,
        run: str | Sequence[str | Reference] | None = None,
        with_: Mapping[str, Any] | None = None,
        **options: Unpack[StepOptions],
    ) -> StepReference:
        """Add a step and return the reference that later steps read.

        Args:
            id: Its name.
            uses: An action's name, a function, or the path of a workflow: `./other.yaml`.
            run: A program instead of an action.
            with_: The action's inputs; references and `${{ }}` are evaluated.
            options: Other bodies, and modifiers, in the words of the file. Steps are given as
                `Steps`, or as a mapping.

        Raises:
            WorkflowError: The step does not fit, or the id is taken.
        """
        self._free("step", id, self._model.steps)
        body = {"uses": uses, "run": run, "with_": with_}
        given = {name: each for name, each in body.items() if each is not None}
        try:
            data = step_data({**given, **options}, self._named)
        except WorkflowError as error:
            raise _of_step(id, error) from None
        self._model.steps.update(self._read({}, {id: data}).steps)
        return StepReference(id)

    @contextmanager
    def group(self, id: str, **options: Unpack[StepOptions]) -> Iterator[Steps]:  # noqa: A002 - the file's word
        """Add a group of the steps that are added to what `with` gives.

        Args:
            id: Its name.
            options: Modifiers, in the words of the file.

        Raises:
            WorkflowError: The group does not fit, or the id is taken; when `with` ends.

        Example:
            with flow.group("files", map=names.output, as_="name") as files:
                rows = files.step("rows", uses="data.read", with_={"path": "${{ name }}"})
                files.output("count", rows.output)
        """
        inner = Steps()
        yield inner
        self.step(id, **group_options(inner, options))

    def configure(self, **options: Unpack[WorkflowOptions]) -> None:
        """Say what holds for the run as a whole: its limits, triggers and last steps.

        Args:
            options: The words of the file: `on`, `timeout`, `on_failure` and so on.

        Raises:
            WorkflowError: An option does not fit.
        """
        read = self._read(step_data(options, self._named))
        said = {name.rstrip("_") for name in options}
        fields = {"triggers" if name == "on" else name for name in said if name in _FIELDS}
        changed = {name: getattr(read, name) for name in fields}
        handlers = {**self._model.handlers, **read.handlers}
        self._model = msgspec.structs.replace(self._model, **changed, handlers=handlers)

    def output(self, name: str, value: Any) -> None:
        """Say what a run that succeeds gives back under `name`."""
        self._free("output", name, self._model.outputs)
        self._model.outputs[name] = written(value)

    def _named(self, function: Callable[..., Any]) -> str:
        """Return the action's name of a function, and keep the function under it."""
        if isinstance(function, Action):
            self._model.functions[function.name] = function
            return function.name
        name = str(getattr(function, "__name__", type(function).__name__))
        word = "".join(letter if letter.isalnum() else "_" for letter in name).strip("_")
        known = self._model.functions
        wanted = f"python.{word or 'function'}"
        count = 1
        while known.get(wanted, function) is not function:
            count += 1
            wanted = f"python.{word or 'function'}_{count}"
        known[wanted] = function
        return wanted

    def _read(self, part: dict[str, Any], steps: dict[str, Any] | None = None) -> Model:
        data = {
            "ciranda": 1,
            "name": self.name,
            "order": self._model.order,
            "steps": steps or {"start": {"uses": "builder.start"}},
            **part,
        }
        return loading.workflow_of(data, Places(None))

    def _free(self, noun: str, name: str, taken: Mapping[str, Any]) -> None:
        if name in taken:
            message = f"the workflow `{self.name}` has the {noun} `{name}` twice"
            raise WorkflowError([Places(None).fault((), message)])


def load(path: str | os.PathLike[str], *, loaders: Loaders = none) -> Workflow:
    """Return the workflow in a file, as one that can still grow.

    Args:
        path: The file.
        loaders: Who reads files that are not called YAML or JSON.

    Raises:
        WorkflowError: All faults found, in file order.
    """
    workflow = loading.load(path, loaders=loaders)
    return Workflow(workflow.name, start=workflow)


def model_of(workflow: Workflow | Model, loaders: Loaders = none) -> Model:
    """Return what an engine runs of either form."""
    return workflow.model(loaders) if isinstance(workflow, Workflow) else workflow


def _of_step(id: str, error: WorkflowError) -> WorkflowError:  # noqa: A002 - the file's word
    """Return an error whose sentences name the step."""
    places = Places(None)
    faults = [places.fault(("steps", id), fault.message) for fault in error.faults]
    return WorkflowError(faults)


def _copied(workflow: Model) -> Model:
    return msgspec.structs.replace(
        workflow,
        inputs=dict(workflow.inputs),
        env=dict(workflow.env),
        secrets=dict(workflow.secrets),
        steps=dict(workflow.steps),
        outputs=dict(workflow.outputs),
        handlers=dict(workflow.handlers),
        functions=dict(workflow.functions),
    )
