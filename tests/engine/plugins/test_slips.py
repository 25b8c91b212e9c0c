"""What authors of plugins get wrong, and what they are told."""

from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

import pytest

from ciranda import Engine, action, hookimpl, resource
from ciranda.bus import Bus
from ciranda.errors import ActionError, PluginError, StepError, WorkflowError
from ciranda.events import RunCompleted
from ciranda.layer import Layer, Place, StepPlan
from ciranda.plugins import Plugins
from ciranda.runs.checker import Checker
from ciranda.settings import Configuration
from ciranda.store import Database
from ciranda.workflow.load import loads

UNLISTED = """\
from ciranda import action, hookimpl

@action("t.first")
def first() -> None: ...

@action("t.second")
def second() -> None: ...

@hookimpl
def actions():
    return {listed}
"""


def test_an_error_of_a_plugin_knows_the_line_that_lists_it(tmp_path):
    (tmp_path / "flow.yaml").write_text(
        "ciranda: 1\nname: flow\nplugins: [./mine.py]\nsteps: {one: {run: echo}}\n"
    )
    checker = Checker(Plugins(Configuration(tmp_path), bus=Bus(), entries=[]))

    with pytest.raises(PluginError, match="there is no file") as caught:
        checker.load(tmp_path / "flow.yaml")

    fault = caught.value.fault
    assert fault is not None
    assert (fault.line, fault.column, fault.kind) == (3, 11, "plugin")
    assert fault.message == str(caught.value)
    assert caught.value.entry == "./mine.py"


@pytest.mark.parametrize(
    ("listed", "uses", "attribute"), [("[]", "t.first", "first"), ("[first]", "t.second", "second")]
)
def test_an_action_that_its_file_does_not_list_is_told_so(tmp_path, listed, uses, attribute):
    (tmp_path / "mine.py").write_text(UNLISTED.format(listed=listed))
    (tmp_path / "flow.yaml").write_text(
        f"ciranda: 1\nname: flow\nplugins: [./mine.py]\nsteps: {{one: {{uses: {uses}}}}}\n"
    )
    checker = Checker(Plugins(Configuration(tmp_path), bus=Bus(), entries=[]))

    with pytest.raises(WorkflowError) as caught:
        checker.load(tmp_path / "flow.yaml")

    (fault,) = caught.value.faults
    assert fault.message == f"there is no action `{uses}`"
    assert fault.hint == (
        "mine.py defines it and does not list it: let its "
        f"`@hookimpl def actions()` return [..., {attribute}]"
    )


async def _shop():
    yield 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (asynccontextmanager(_shop), r'Write `@resource\(\)` above "_shop": its options are named'),
        ("run", r'Write `@resource\(scope="run"\)`: its options are named'),
    ],
)
def test_a_resource_without_parentheses_is_told_so(given, sentence):
    with pytest.raises(ActionError, match=sentence):
        resource(given)


@action("t.do")
async def do() -> int:
    return 1


def layered(call):
    module: Any = ModuleType("layered")

    @hookimpl
    def middleware(target):
        return Layer(call, Place.TRACING) if isinstance(target, StepPlan) else None

    @hookimpl
    def actions():
        return [do]

    module.middleware, module.actions = middleware, actions
    return module


def forgetful(call, next):  # noqa: A002  (the word of the contract)
    return 3


class Passing:
    async def __call__(self, call, next):  # noqa: A002  (the word of the contract)
        return 1 + await next(call)


def returning(call, next):  # noqa: A002  (as above)
    return Passing()(call, next)


@pytest.mark.anyio
async def test_a_layer_that_cannot_be_awaited_is_blamed_on_its_plugin():
    async with Engine(durability="off", plugins=[layered(forgetful)]) as engine:
        with pytest.raises(
            StepError,
            match="plugin 'layered': its layer `forgetful` returned int, which cannot be awaited: "
            r"write `async def forgetful\(call, next\)`",
        ):
            await engine.call("t.do", {})


@pytest.mark.anyio
@pytest.mark.parametrize("layer", [Passing(), returning])
async def test_a_layer_may_be_whatever_can_be_awaited(layer):
    async with Engine(durability="off", plugins=[layered(layer)]) as engine:
        assert await engine.call("t.do", {}) == 2


class Told:
    def __init__(self, database):
        self._database = database

    @hookimpl
    async def run_completed(self, event: RunCompleted):
        self._database.execute("INSERT INTO told VALUES (?)", [event.run])


@pytest.mark.anyio
async def test_the_state_of_a_plugin_lies_beside_the_runs_wherever_that_is(tmp_path):
    module: Any = ModuleType("told")

    @hookimpl
    @asynccontextmanager
    async def lifespan(engine):
        database = Database("told", ["CREATE TABLE told (run TEXT)"], folder=engine.folder)
        try:
            yield Told(database)
        finally:
            database.close()

    module.lifespan = lifespan
    store = tmp_path / "elsewhere"
    async with Engine(store=store, durability="process", plugins=[module]) as engine:
        await engine.run(loads(b"ciranda: 1\nname: t\nsteps: {one: {run: [echo, hi]}}"))

    assert {file.name for file in (store / ".ciranda").glob("*.db")} == {"ciranda.db", "told.db"}


UNMARKED = """\
from ciranda import action, hookimpl

@action("t.first")
def first() -> None: ...

def {hook}():
    return [first]
"""


@pytest.mark.parametrize("hook", ["actions", "experts", "middleware"])
def test_a_function_that_bears_the_name_of_a_hook_and_lacks_the_mark_is_refused(tmp_path, hook):
    (tmp_path / "mine.py").write_text(UNMARKED.format(hook=hook))
    plugins = Plugins(Configuration(tmp_path), bus=Bus(), entries=[])

    with pytest.raises(
        PluginError,
        match=rf"^plugin 'mine\.py': its function `{hook}` bears the name of a hook and is not "
        "marked: write `@hookimpl` above it",
    ):
        plugins.declare("./mine.py", tmp_path)
    assert plugins.versions() == {}


@pytest.mark.parametrize("hook", ["judge", "extension", "first_actions"])
def test_a_function_of_another_name_needs_no_mark(tmp_path, hook):
    (tmp_path / "mine.py").write_text(UNMARKED.format(hook=hook))
    plugins = Plugins(Configuration(tmp_path), bus=Bus(), entries=[])

    assert plugins.declare("./mine.py", tmp_path) == "mine.py"
