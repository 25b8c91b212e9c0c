"""A workflow made in Python: the same model as a file gives, checked by the same schema."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypedDict, Unpack, final

import msgspec

from ciranda.actions import Action, NotPlainError, plain
from ciranda.errors import WorkflowError
from ciranda.workflow import load as loading
from ciranda.workflow.durations import duration_text
from ciranda.workflow.model import Input, Step, Workflow as Model
from ciranda.workflow.places import Places
from ciranda.workflow.reference import Reference, StepReference, written

__all__ = ["StepOptions", "Workflow", "load", "model_of"]

Duration = str | float | timedelta  # numbers are seconds


class StepOptions(TypedDict, total=False):
    """What a step takes beside its body; the file's words with `_` for `-`."""

    needs: StepReference | str | Sequence[StepReference | str]
    if_: str | Reference
    when: str | Reference
    map: Reference | str | Sequence[Any]
    as_: str
    max_parallel: int
    on_item_failure: str
    env: Mapping[str, Any]
    retry: int | str | Mapping[str, Any]
    timeout: Duration
    deadline: Duration
    estimate: Duration
    cache: bool | Mapping[str, Any]
    breaker: Mapping[str, Any]
    rate: Mapping[str, Any]
    concurrency: Mapping[str, Any]
    continue_on_error: bool | str | Sequence[str]
    executor: str
    idempotent: bool
    with_middleware: Mapping[str, Any]
    description: str
    stdin: Any
    cwd: str
    parse: str
    ok_codes: Sequence[int]
    inherit_env: bool | Sequence[str]
    shell: bool


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

    def model(self) -> Model:
        """Return the workflow as it is now; later steps do not change what is returned.

        Raises:
            WorkflowError: It has no step.
        """
        if not self._model.steps:
            fault = Places(None).fault((), f"the workflow `{self.name}` has no step")
            raise WorkflowError([fault])
        return _copied(self._model)

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
            uses: An action's name, or a function.
            run: A program instead of an action.
            with_: The action's inputs; references and `${{ }}` are evaluated.
            options: Modifiers, in the words of the file.

        Raises:
            WorkflowError: The step does not fit, or the id is taken.
        """
        self._free("step", id, self._model.steps)
        body: dict[str, Any] = {}
        if uses is not None:
            body["uses"] = uses if isinstance(uses, str) else self._named(uses)
        if run is not None:
            body["run"] = run if isinstance(run, str) else written(list(run))
        if with_ is not None:
            body["with"] = _plain(id, written(dict(with_)))
        for name, value in options.items():
            body[name.rstrip("_").replace("_", "-")] = _option(name, value)
        self._model.steps.update(self._read({}, {id: body}).steps)
        return StepReference(id)

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
            "steps": steps or {"start": {"uses": "builder.start"}},
            **part,
        }
        return loading.workflow_of(data, Places(None))

    def _free(self, noun: str, name: str, taken: Mapping[str, Any]) -> None:
        if name in taken:
            message = f"the workflow `{self.name}` has the {noun} `{name}` twice"
            raise WorkflowError([Places(None).fault((), message)])


def load(path: str | os.PathLike[str]) -> Workflow:
    """Return the workflow in a file, as one that can still grow.

    Raises:
        WorkflowError: All faults found, in file order.
    """
    workflow = loading.load(path)
    return Workflow(workflow.name, start=workflow)


def model_of(workflow: Workflow | Model) -> Model:
    """Return what an engine runs of either form."""
    return workflow.model() if isinstance(workflow, Workflow) else workflow


def _plain(step: str, value: dict[str, Any]) -> Any:
    try:
        return plain(value)
    except NotPlainError as error:
        fault = Places(None).fault(("steps", step, "with"), error.sentence("`with`"))
        raise WorkflowError([fault]) from None


def _copied(workflow: Model) -> Model:
    return msgspec.structs.replace(
        workflow,
        inputs=dict(workflow.inputs),
        env=dict(workflow.env),
        secrets=dict(workflow.secrets),
        steps=dict(workflow.steps),
        outputs=dict(workflow.outputs),
        functions=dict(workflow.functions),
    )


def _option(name: str, value: Any) -> Any:
    if name in ("timeout", "deadline", "estimate"):
        return _duration(value)
    if name == "needs":
        words = [value] if isinstance(value, str | StepReference) else list(value)
        return [word.id if isinstance(word, StepReference) else word for word in words]
    plain = written(dict(value) if isinstance(value, Mapping) else value)
    if isinstance(plain, dict) and name not in ("env", "with_middleware"):
        found = {
            key.replace("_", "-"): _duration(each) if key in _DURATIONS else each
            for key, each in plain.items()
        }
        if name == "rate" and isinstance(found.get("cost"), dict):
            found["cost"] = {key.replace("_", "-"): each for key, each in found["cost"].items()}
        return found
    return plain


_DURATIONS = frozenset({"backoff", "cap", "ttl", "open", "slow_after", "slow-after"})


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return duration_text(value.total_seconds())
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return duration_text(value)
    return value
