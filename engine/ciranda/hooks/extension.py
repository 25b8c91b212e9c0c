"""What a plugin adds to the engine: hooks that are asked when plugins load or a plan is made.

Every hook here is a plain function that returns quickly and has no effect of its own; the
engine calls it, never the other way round.
"""

from contextlib import AbstractAsyncContextManager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ciranda.events import Request
from ciranda.hooks.markers import hookspec
from ciranda.layer import Layer, Modifier, StepPlan
from ciranda.trigger import TriggerKind

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from ciranda.expressions import Function
    from ciranda.runs.dispatch import Dispatch
    from ciranda.settings import Settings
    from ciranda.workflow.loader import Loader
    from ciranda.workflow.model import Workflow


@hookspec
def settings() -> "type[Settings] | None":
    """Say which settings the plugin has.

    Fires once, when the plugin is loaded; the section is read then, and a key that does not
    fit is an error that names the file.

    Returns:
        A class made with `class SlackSettings(Settings, section="slack")`; what `lifespan` gets
        is an instance of it. None means that there are none.

    Example:
        ```python
        @hookimpl
        def settings():
            return SlackSettings
        ```
    """


@hookspec
def lifespan(engine: Any, settings: Any) -> AbstractAsyncContextManager[Any] | None:
    """Keep something open for as long as the engine is.

    Fires once an engine, before its first step; for a plugin that is loaded later, as soon as
    it is. Plugins are left in the reverse order, also when the engine fails, and get ten
    seconds for it.

    Args:
        engine: The engine that starts.
        settings: An instance of the class from the hook `settings`, or None.

    Returns:
        An async context manager. What it yields is registered as a plugin of its own: its
        methods marked `@hookimpl` or `@observer` are used like functions of a module, and so
        need no global. A yield of None registers nothing; returning None opens nothing.

    Example:
        ```python
        @hookimpl
        @asynccontextmanager
        async def lifespan(engine, settings):
            async with connect(settings.token) as connection:
                yield Slack(connection)
        ```
    """


@hookspec
def actions(settings: Any) -> list[Any]:  # type: ignore[empty-body] # a spec has no body
    """Offer actions: what a step names with `uses:`.

    Fires once, when the plugin is loaded, and once in each worker process that calls one of them.

    Args:
        settings: An instance of the class from the hook `settings`, or None. Leave it out where
            actions need none.

    Returns:
        Functions made with `@action`. In an installed plugin each name begins with the
        plugin's own, `slack.send` in `slack`; two actions of one name are an error.
        None or an empty list offers nothing.

    Example:
        ```python
        @hookimpl
        def actions():
            return [send]
        ```
    """


@hookspec
def middleware(target: StepPlan | type[Request[Any]]) -> Layer | None:
    """Put a layer around a step or around a request.

    Fires once for each step when a plan is compiled, and once for each request type before it
    is first asked; never while a step runs.

    Args:
        target: The step as planned, or the class of the request.

    Returns:
        A `Layer` whose function is `async (call, next) -> result`; for a request `call` is the
        request itself. None means that the layer does not apply: it then costs nothing at all.

    Example:
        ```python
        @hookimpl
        def middleware(target):
            if isinstance(target, StepPlan) and target.uses.startswith("http."):
                return Layer(count_calls, place=Place.TRACING, name="count")
        ```
    """


@hookspec
def modifiers() -> list[Modifier]:  # type: ignore[empty-body] # a spec has no body
    """Offer layers that steps ask for by name, with options, below `with-middleware:`.

    Fires once, when the plugin is loaded. What a step writes is checked with the file.

    Returns:
        Functions made with `@modifier`, each called once for each step that asks for it, when a
        plan is compiled. In an installed plugin each name begins with the plugin's own,
        `slack.quiet` in `slack`; two of one name are an error. None or an empty list offers
        nothing.

    Example:
        ```python
        @modifier("slack.quiet", options=Quiet)
        def quiet(target, options):
            return Layer(wait_until(options.hours), place=Place.LIMIT)

        @hookimpl
        def modifiers():
            return [quiet]
        ```
    """


@hookspec
def functions() -> "list[Function]":  # type: ignore[empty-body] # a spec has no body
    """Offer functions for `${{ }}`.

    Fires once, when the plugin is loaded. A function is pure and total: no clock, no file, no
    network.

    Returns:
        Functions as `ciranda.expressions.Function`; two of one name are an error. None or an
        empty list offers nothing.

    Example:
        ```python
        @hookimpl
        def functions():
            return [Function("slug", slug, minimum=1, maximum=1, pure=True)]
        ```
    """


@hookspec
def findings(settings: Any) -> list[tuple[str, str]]:  # type: ignore[empty-body] # a spec has none
    """Tell `ciranda doctor` what the plugin finds here.

    Fires once each time that the command is called, after `actions`.

    Args:
        settings: An instance of the class from the hook `settings`, or None.

    Returns:
        Pairs of a level, `ok`, `warn` or `fail`, and a sentence; they are shown under the
        plugin's name. None or an empty list tells nothing.

    Example:
        ```python
        @hookimpl
        def findings(settings):
            return [("ok" if reachable(settings.url) else "warn", settings.url)]
        ```
    """


@hookspec
def loaders() -> "dict[str, Loader]":  # type: ignore[empty-body] # a spec has no body
    """Offer loaders: what reads workflow files that are no YAML, by the suffix of their names.

    Fires once, when the plugin is loaded; for a plugin that is only enabled, when a file of a
    suffix that is not `.yaml`, `.yml` or `.json` is read.

    Returns:
        Loaders by suffix, with the dot and in small letters; two of one suffix are an error. None
        or an empty dict offers nothing.

    Example:
        ```python
        def read(data, file):
            return tomllib.loads(data.decode())  # a ValueError has line and column from Python 3.14

        @hookimpl
        def loaders():
            return {".toml": Loader(read)}
        ```
    """


@hookspec
def exporters(settings: Any) -> "dict[str, SpanExporter]":  # type: ignore[empty-body] # as above
    """Offer exporters: what gets the spans of every run, besides any OTLP endpoint.

    Fires once an engine, when the plugin is loaded. The engine hands spans over from a thread of
    their own, in batches, without secrets. What an exporter raises, and one that hangs, costs spans
    and one sentence, never the run; at the end it is shut down.

    Args:
        settings: An instance of the class from the hook `settings`, or None.

    Returns:
        Instances of OpenTelemetry's `SpanExporter` by name. In an installed plugin each name
        begins with the plugin's own, `slack.file` in `slack`; two of one name are an error. None or
        an empty dict offers nothing.

    Example:
        ```python
        @hookimpl
        def exporters(settings):
            return {"slack.file": SpanFile(settings.path)}
        ```
    """


@hookspec
def executors() -> dict[str, Any]:  # type: ignore[empty-body] # a spec has no body
    """Offer places where actions run, for `executor:`.

    Fires once, when the plugin is loaded.

    Returns:
        Executors by the name that a file writes; a name in use, such as `thread`, is an error.
        None or an empty dict offers nothing.

    Example:
        ```python
        @hookimpl
        def executors():
            return {"cluster": ClusterExecutor()}
        ```
    """


@hookspec
def triggers(settings: Any) -> list[TriggerKind]:  # type: ignore[empty-body] # a spec has no body
    """Offer kinds of triggers: what a file writes below `on`, for `ciranda serve`.

    Fires once, when the plugin is loaded. What a file writes is checked with it.

    Args:
        settings: An instance of the class from the hook `settings`, or None.

    Returns:
        Functions made with `@trigger`, each called once for each such trigger that is served, in
        an event loop of its own. In an installed plugin each name begins with the plugin's own,
        `slack.message` in `slack`; two of one name are an error. None or an empty list offers
        nothing.

    Example:
        ```python
        @trigger("slack.message", options=Channel)
        async def messages(options, hear, settings):
            async for each in connect(options.channel, settings.token):
                await hear({"text": each.text}, id=each.id)
                await each.acknowledge()

        @hookimpl
        def triggers():
            return [messages]
        ```
    """


@hookspec
def hookspecs() -> list[ModuleType]:  # type: ignore[empty-body] # a spec has no body
    """Add event and request types with hooks of their own.

    Fires once, when the plugin is loaded, before any hook of that plugin is checked.

    Returns:
        Modules with functions marked `@hookspec`, each with one parameter whose annotation is
        an `Event` or `Request` class: that annotation is what links the type to its hook.
        None or an empty list adds nothing.

    Example:
        ```python
        @hookimpl
        def hookspecs():
            return [slack_hooks]  # holds: @hookspec def message_sent(event: MessageSent): ...
        ```
    """


@hookspec
def experts() -> list[Any]:  # type: ignore[empty-body] # a spec has no body
    """Offer experts: checkers that judge whether an intent may be carried out.

    Fires once for each council of the plugin `experts`, and again when a plugin came or went.

    Returns:
        Experts as `ciranda_experts.Expert`; two of one name are an error. None or an empty list
        offers nothing.

    Example:
        ```python
        @hookimpl
        def experts():
            return [Expert(name="working-hours", judge=judge_hours, mandatory=True)]
        ```
    """


@hookspec
def decomposers() -> list[Any]:  # type: ignore[empty-body] # a spec has no body
    """Offer decomposers: what takes a goal apart into tasks.

    Fires once before the first goal of the plugin `planner`, and again when a plugin came or went.

    Returns:
        Decomposers as `ciranda_planner.decomposing.Decomposer`, asked in plugin order until one
        takes the goal; two of one name are an error. None or an empty list offers nothing.

    Example:
        ```python
        @hookimpl
        def decomposers():
            return [Decomposer(name="model", decompose=ask_the_model)]
        ```
    """


@hookspec
def dispatch(workflow: "Workflow") -> "Dispatch | None":
    """Say how the ready steps of a run are admitted: in which order, how many, sharing what.

    Fires once a run, before its first step, and again when it is resumed; not where whoever
    begins the run says so itself (`Engine.run(..., dispatch=)`). The first answer counts.

    Args:
        workflow: The workflow; of a run that is resumed, as it was when it began.

    Returns:
        A `Dispatch` of its own for each run. None leaves it to the next plugin, and to the engine,
        which begins ready steps at once, by rank.

    Example:
        ```python
        @hookimpl
        def dispatch(workflow):
            return Dispatch(most=4) if workflow.name == "nightly" else None
        ```
    """
