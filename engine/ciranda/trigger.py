"""What a plugin listens to: `on: {slack.message: {...}}` of a file, made with `@trigger`."""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

import msgspec

from ciranda.actions.values import NotPlainError, plain
from ciranda.errors import ActionError, InputError

__all__ = ["BUILT_IN", "ENGINE_WORDS", "Hear", "Heard", "TriggerKind", "trigger"]

BUILT_IN: Final = ("webhook", "schedule", "event", "files")
ENGINE_WORDS: Final = ("where", "inputs")  # keys that mean the same for every kind
_PLACE: Final = re.compile(r" - at `\$(.*)`$")
_PART: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")

Path = tuple[str | int, ...]


class Heard(enum.StrEnum):
    """What became of an event; whichever it is, the source need not tell of it again."""

    ACCEPTED = "accepted"  # it begins a run, which is durable
    KNOWN = "known"  # it began one before
    DROPPED = "dropped"  # `where` does not hold
    REFUSED = "refused"  # the file can do nothing with it; the server's lines say why


class Hear(Protocol):
    """What a listener calls with each event."""

    async def __call__(
        self,
        data: Any,
        *,
        id: str = "",  # noqa: A002  (the word of CloudEvents)
        source: str = "",
        subject: str = "",
        time: str = "",
    ) -> Heard:
        """Tell of an event; return once it is durable, or once it is known that it begins no run.

        While too many runs wait to begin, this waits too.

        Args:
            data: Plain data of the trigger's type, or what can be made plain.
            id: Tells the event from others of its source, so that it begins one run however
                often it comes; empty if the source has no such thing.
            source: Who tells of it; the kind of the trigger if left out.
            subject: What it is about.
            time: When it happened, as RFC 3339.

        Raises:
            InputError: It is no event: the data is not plain or not of the declared type. Nothing
                is accepted.
        """
        ...


class Unfit(msgspec.Struct, frozen=True):
    """What is wrong with options; `path` leads to the place, below the options."""

    problem: str
    path: Path = ()
    unknown: str = ""  # the option that does not exist, if that is what is wrong
    missing: str = ""  # the option that is not there, if that is


class TriggerKind(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A kind of triggers that a plugin offers.

    Attributes:
        name: What a file writes below `on`; it begins with the plugin's name and a dot.
        function: `async (options, hear) -> None`, with a third parameter `settings` if wanted.
        options: The class that what a file writes is converted to.
        schema: JSON Schema of the options.
        data: JSON Schema of `event.data`; empty if nothing is known of it.
        doc: The docstring before its sections.
        option_docs: What the docstring of the class says of each option.
        convert: Raises `msgspec.ValidationError` for data of another type.
        settings: Of the plugin, if it has any.
    """

    name: str
    function: Callable[..., Awaitable[None]]
    options: type[msgspec.Struct]
    schema: dict[str, Any]
    data: dict[str, Any]
    doc: str
    option_docs: Mapping[str, str]
    convert: Callable[[Any], Any]
    settings: Any = None

    def listen(self, options: msgspec.Struct, hear: Hear) -> Awaitable[None]:
        """Return what listens until it is cancelled."""
        if "settings" in inspect.signature(self.function).parameters:
            return self.function(options, hear, settings=self.settings)
        return self.function(options, hear)

    def unfit(self, written: Mapping[str, Any]) -> list[Unfit]:
        """Return what is wrong with options as a file writes them.

        A text with `${{ }}` stands for some text: a secret that is not known yet.
        """
        known = {each.encode_name: each.required for each in msgspec.structs.fields(self.options)}
        found = [
            Unfit(f"`{self.name}` has no option `{name}`", (name,), name)
            for name in written
            if name not in known
        ]
        found += [
            Unfit(f"`{self.name}` does not say `{name}`", missing=name)
            for name, required in known.items()
            if required and name not in written
        ]
        if found:
            return found
        try:
            msgspec.convert(_filled(written), self.options)
        except msgspec.ValidationError as error:
            text = str(error)
            path = _path_in(text)
            held = _at(written, path)
            if error.__cause__ is None:
                other = "Expected `str`" not in text and text.startswith("Expected `")
                decided = isinstance(held, str) and not other
            else:
                decided = True  # by the class itself, which may look at all of them
            if decided and _names_secret(held):
                return []  # what the secret says decides
            said = _PLACE.sub("", text)
            where = f"`{'.'.join(map(str, path))}` of " if path else ""
            return [Unfit(f"{where}`{self.name}` does not fit: {said}", path)]
        except Exception as error:  # what a class of a plugin raises besides
            if _names_secret(written):
                return []
            return [Unfit(f"`{self.name}` does not fit: {type(error).__name__}: {error}")]
        return []

    def read(self, written: Mapping[str, Any]) -> msgspec.Struct:
        """Return options, typed; secrets in them are text by now.

        Raises:
            ValueError: They do not fit; one sentence, in which secrets may be.
        """
        try:
            return msgspec.convert(written, self.options)
        except Exception as error:  # a class of a plugin may raise anything
            known = isinstance(error, msgspec.ValidationError)
            said = str(error) if known else f"{type(error).__name__}: {error}"
            raise ValueError(f"the options of `{self.name}` do not fit: {said}") from None

    def checked(self, data: Any) -> Any:
        """Return the data of an event as plain data.

        Raises:
            InputError: It cannot be made plain, or is not of the declared type.
        """
        try:
            found = plain(data)
        except NotPlainError as error:
            raise InputError(error.sentence("event.data")) from None
        try:
            self.convert(found)
        except msgspec.ValidationError as error:
            said = str(error).replace("`$[0]", "`event.data")
            raise InputError(f"the data of `{self.name}` is not of its type: {said}") from None
        return found


def trigger(
    name: str, *, options: type[msgspec.Struct], data: Any = Any
) -> Callable[[Callable[..., Awaitable[None]]], TriggerKind]:
    """Make a kind of triggers of a function that listens.

    `ciranda serve` calls `async function(options, hear)`, or `(options, hear, settings)`, for
    each such trigger of its files, in an event loop and a thread of its own: what blocks there
    blocks nothing else, and what `lifespan` opened belongs to another loop. It listens until it is
    cancelled; when it raises it is called again after a pause.

    Args:
        name: What files write below `on`, such as `slack.message`.
        options: A frozen `msgspec.Struct` of plain values.
        data: The type of `event.data`: what reads it is checked with the file.

    Raises:
        ActionError: The name has no dot, the options are no Struct or take a word of the engine,
            a type cannot be known in a file, or the function cannot listen.
    """
    from ciranda.actions.types import converter_of, schema_of, understood  # only who offers some

    if not re.fullmatch(r"[A-Za-z_]\w*(\.\w+)+", name, re.ASCII):
        raise ActionError(f'A trigger has a name with a dot: write @trigger("slack.{name}").')
    if not issubclass(options, msgspec.Struct):
        raise ActionError(f'The options of trigger "{name}" are {options!r}; give a Struct class.')
    for field in msgspec.structs.fields(options):
        if field.encode_name in ENGINE_WORDS:
            raise ActionError(
                f'The options of trigger "{name}" have the field `{field.encode_name}`, which '
                "means the same for every trigger; choose another name."
            )
    kind = understood(data)
    try:
        schema, of_data = schema_of(options), schema_of(kind, closed=True)
    except TypeError as error:
        raise ActionError(f'Trigger "{name}": {error}.') from None

    def mark(function: Callable[..., Awaitable[None]]) -> TriggerKind:
        from ciranda.actions.docstring import parse_docstring

        if not inspect.iscoroutinefunction(function):
            raise ActionError(f'The function of trigger "{name}" is not async: write `async def`.')
        return TriggerKind(
            name=name,
            function=function,
            options=options,
            schema=schema,
            data=of_data,
            doc=parse_docstring(function.__doc__).text,
            option_docs=parse_docstring(options.__doc__).parameters,
            convert=converter_of(kind),
        )

    return mark


def _path_in(text: str) -> Path:
    """Return the place that a message of msgspec ends with."""
    place = _PLACE.search(text)
    if place is None:
        return ()
    return tuple(int(number) if number else name for name, number in _PART.findall(place[1]))


def _filled(value: Any) -> Any:
    """Return options with some text in place of each secret."""
    if isinstance(value, Mapping):
        return {name: _filled(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each) for each in value]
    return "secret" if isinstance(value, str) and "${{" in value else value


def _names_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_names_secret, value.values()))
    if isinstance(value, list):
        return any(map(_names_secret, value))
    return isinstance(value, str) and "${{" in value


def _at(value: Any, path: Path) -> Any:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
