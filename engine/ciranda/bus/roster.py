"""Who is registered: pluggy's manager plus the observers that it does not know."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Final

import msgspec
import pluggy

from ciranda.bus.buffered import Buffered
from ciranda.bus.implementation import Implementation, is_async
from ciranda.bus.report import ObserverFailure
from ciranda.bus.served import MakeServed, Served
from ciranda.bus.specs import message_hooks
from ciranda.errors import CirandaError, PluginError, StepError
from ciranda.events import Event, Request
from ciranda.hooks import ObserverMark, extension, facts, questions, waits
from ciranda.hooks.markers import MARK, PROJECT
from ciranda.layer import Call, Layer, Middleware, Next, Place, StepPlan

__all__ = ["Roster"]


class Roster:
    """Registered plugins and, for each type, who hears or answers it, in plugin order."""

    def __init__(self, report: Callable[[ObserverFailure], None], durable: MakeServed) -> None:
        self.manager: Final = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(extension)
        self._report = report
        self._durable: Final = durable
        self._hooks: dict[type, str] = {}
        # By plugin, in the order of registration.
        self._inline: dict[str, list[tuple[ObserverMark, Implementation]]] = {}
        self._buffered: dict[str, list[Served]] = {}
        self._layering: list[Implementation] | None = None  # asked for once a step
        self.add_hooks(facts)
        self.add_hooks(waits)
        self.add_hooks(questions)

    @property
    def buffered(self) -> list[Served]:
        """Every buffered observer, in plugin order."""
        return [one for group in reversed(self._buffered.values()) for one in group]

    def add_hooks(self, module: ModuleType) -> list[Served]:
        """Take over the specs of a module, all or none, and return observers to be served."""
        found = message_hooks(self.manager, module)
        for kind, name in found.items():
            owner = self._hooks.get(kind)
            if owner is not None:
                raise PluginError(
                    f"hook spec '{module.__name__}.{name}': {kind.__name__} already belongs to "
                    f"the hook '{owner}'; a type has one hook"
                )
            caller = getattr(self.manager.hook, name, None)
            if caller is not None and caller.has_spec():
                raise PluginError(
                    f"hook spec '{module.__name__}.{name}': there is a hook '{name}' already; "
                    "choose another name"
                )
        try:
            self.manager.add_hookspecs(module)
        except pluggy.PluginValidationError as error:
            reason = str(error).strip().splitlines()[-1].strip()
            raise PluginError(
                f"hook specs of '{module.__name__}' do not fit plugin "
                f"'{self.manager.get_name(error.plugin)}': {reason}"
            ) from error
        self._hooks |= found
        return [one for plugin in self._buffered for one in self._adopt(plugin, found)]

    def register(self, plugin: object, name: str) -> list[Served]:
        """Register and return the buffered observers that must be served."""
        if self.manager.has_plugin(name):
            raise PluginError(f"plugin '{name}' is registered already")
        other = self.manager.get_name(plugin)
        if other is not None:
            raise PluginError(f"plugin '{name}' is the same object as the plugin '{other}'")
        marked = list(self._marked(plugin, name))
        _check_durable([one.name for mark, one in marked if mark.durable], name)
        self._layering = None
        try:
            self.manager.register(plugin, name)
        except pluggy.PluginValidationError as error:
            if self.manager.has_plugin(name):  # pluggy before 1.7 leaves half of it behind
                self.manager.unregister(name=name)
            raise PluginError(self._misfit(plugin, name, str(error))) from error
        self._inline[name] = [(mark, one) for mark, one in marked if not one.is_async]
        self._buffered[name] = [
            (self._durable if mark.durable else Buffered)(one, mark, self._report)
            for mark, one in marked
            if one.is_async
        ]
        self._adopt(name, self._hooks)
        return self._buffered[name]

    def unregister(self, name: str) -> list[Served]:
        """Forget a plugin and return the buffered observers that must be closed."""
        self._layering = None
        if self.manager.unregister(name=name) is None:
            raise PluginError(f"plugin '{name}' is not registered")
        del self._inline[name]
        return self._buffered.pop(name)

    def check_pending(self) -> None:
        """Refuse the first marked function whose hook has no spec."""
        for hook, caller in sorted(vars(self.manager.hook).items()):
            if caller.has_spec():
                continue
            for impl in caller.get_hookimpls():
                if not impl.optionalhook:
                    raise PluginError(self._unknown(impl.plugin_name, hook))

    def hook_of(self, kind: type) -> str | None:
        """Return the name of the hook that belongs to a type."""
        return self._hooks.get(kind)

    def implementations(self, hook: str) -> list[Implementation]:
        """Return who implements a hook, in plugin order."""
        caller = getattr(self.manager.hook, hook)
        return [Implementation.of_hook(impl) for impl in reversed(caller.get_hookimpls())]

    def hearing(self, kind: type[Event]) -> tuple[list[Implementation], list[Served]]:
        """Return who hears events of a type: in line, and buffered.

        Implementations of the type's hook come before functions marked `@observer`.
        """
        hook = self._hooks.get(kind)
        inline = [] if hook is None else self.implementations(hook)
        inline = [one for one in inline if not one.is_async]
        for group in reversed(self._inline.values()):
            inline += [one for mark, one in group if issubclass(kind, mark.types)]
        return inline, [one for one in self.buffered if issubclass(kind, one.mark.types)]

    def layers(self, target: StepPlan | type[Request[Any]]) -> Sequence[Layer]:
        """Return what plugins put around a target, in plugin order and under a name."""
        found: list[Layer] = []
        if self._layering is None:
            self._layering = self.implementations("middleware")
        for one in self._layering:
            try:
                layer = one.call(target)
            except CirandaError:
                raise
            except (Exception, SystemExit) as error:
                raise PluginError(
                    f"plugin '{one.plugin}': its hook 'middleware' raised "
                    f"{type(error).__name__}: {error}"
                ) from error
            if layer is None:
                continue
            _check_layer(layer, one.plugin)
            call = layer.call if is_async(layer.call) else _awaited(layer.call, one.plugin)
            found.append(msgspec.structs.replace(layer, call=call, name=layer.name or one.plugin))
        return found

    def _marked(self, plugin: object, name: str) -> Iterator[tuple[ObserverMark, Implementation]]:
        """Yield functions marked `@observer`; refuse pluggy's wrappers on the way.

        Nothing is read that would run code: no property, no lazy attribute of a module.
        """
        for attribute in dir(plugin):
            options = self.manager.parse_hookimpl_opts(plugin, attribute)
            if options is not None and (options["wrapper"] or options["hookwrapper"]):
                raise PluginError(
                    f"plugin '{name}': '{attribute}' is a pluggy wrapper, which cannot go around "
                    "async functions; return a Layer from the hook 'middleware' instead"
                )
            mark = getattr(inspect.getattr_static(plugin, attribute, None), MARK, None)
            if not isinstance(mark, ObserverMark):
                continue
            if options is not None:
                raise PluginError(
                    f"plugin '{name}': '{attribute}' is marked @observer and @hookimpl and would "
                    "hear events twice; keep one mark"
                )
            yield mark, Implementation.of_function(name, getattr(plugin, attribute))

    def _adopt(self, plugin: str, hooks: Mapping[type, str]) -> list[Served]:
        """Buffer the plugin's async implementations of facts' hooks, as `@observer` would."""
        adopted: list[Served] = [
            Buffered(Implementation.of_hook(impl), ObserverMark((kind,)), self._report)
            for kind, hook in hooks.items()
            if issubclass(kind, Event)
            for impl in reversed(getattr(self.manager.hook, hook).get_hookimpls())
            if impl.plugin_name == plugin and is_async(impl.function)
        ]
        self._buffered[plugin] += adopted
        return adopted

    def _misfit(self, plugin: object, name: str, told: str) -> str:
        """Say which hook has parameters that its spec has not, or what pluggy says."""
        for hook, caller in sorted(vars(self.manager.hook).items()):
            function = inspect.getattr_static(plugin, hook, None)
            if not caller.has_spec() or not inspect.isfunction(function):
                continue
            known = caller.spec.argnames
            odd = [one for one in inspect.signature(function).parameters if one not in known]
            if odd and odd != ["self"]:
                takes = ", ".join(f"`{one}`" for one in known) or "nothing"
                return f"plugin '{name}': the hook '{hook}' takes {takes}, not `{odd[-1]}`"
        reason = told.strip().splitlines()[-1].strip()
        return f"plugin '{name}' has a hook that does not fit: {reason}"

    def _unknown(self, plugin: str, hook: str) -> str:
        from ciranda.workflow.nearest import nearest  # only a mistake needs it

        known = [name for name, caller in vars(self.manager.hook).items() if caller.has_spec()]
        meant = nearest(hook, sorted(known))
        hint = f"did you mean '{meant}'?" if meant else "see docs/plugins.md for the list"
        return f"plugin '{plugin}' implements the hook '{hook}', which nobody specifies; {hint}"


def _check_durable(names: list[str], plugin: str) -> None:
    """Refuse durable observers that could not be told from one another in the store."""
    for name in names:
        if names.count(name) > 1:
            raise PluginError(
                f"plugin '{plugin}': two of its durable observers are called '{name}', under which "
                "the store keeps how far each has come; rename one"
            )


def _check_layer(layer: object, plugin: str) -> None:
    if not isinstance(layer, Layer):
        raise PluginError(
            f"plugin '{plugin}': the hook 'middleware' returned {type(layer).__name__}; "
            "return a Layer or None"
        )
    if not isinstance(layer.place, Place):
        raise PluginError(
            f"plugin '{plugin}': its layer stands at {layer.place!r}; "
            f"write one of {', '.join(f'Place.{place.name}' for place in Place)}"
        )
    if not callable(layer.call):
        raise PluginError(
            f"plugin '{plugin}': its layer calls {layer.call!r}, which is no function; "
            "write `async def layer(call, next)`"
        )


def _awaited(layer: Middleware, plugin: str) -> Middleware:
    """Return a layer that is no `async def`, with whatever it returns looked at."""

    async def call(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        answer: object = layer(call, next)
        if not inspect.isawaitable(answer):
            name = getattr(layer, "__name__", type(layer).__name__)
            raise StepError(
                "crash",
                f"plugin '{plugin}': its layer `{name}` returned {type(answer).__name__}, which "
                f"cannot be awaited: write `async def {name}(call, next)`",
                retryable=False,
            )
        return await answer

    return call
