"""Elements to the checked tree; every fault is kept, so that all are told at once."""

from __future__ import annotations

import re
from typing import Any, Final, NoReturn

from ciranda.expressions.inline import did_you_mean

from . import build_data, build_flow, build_markup, build_state
from .error import QuantumError
from .nodes import Body, Component, Function, Handler, Import, Node, Param
from .places import Text
from .reader import Element, Source, read
from .tags import LEFT_OUT, TAGS, WITHIN
from .values import Code, Value, value_of, whole

_NAME: Final = re.compile(r"(?!__)[A-Za-z_]\w*")
_COMPONENT: Final = re.compile(r"[A-Z]\w*")
_BOOLEANS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def build(text: str, file: str) -> Component:
    """Return the checked tree of a template.

    Raises:
        QuantumError: The first fault of the file.
    """
    component, faults = examine(text, file)
    if component is None or faults:
        raise faults[0]
    return component


def examine(text: str, file: str) -> tuple[Component | None, list[QuantumError]]:
    """Return the tree, and every fault in the order of the file."""
    try:
        root = read(text, file)
    except QuantumError as fault:
        return None, [fault]
    builder = Builder(root.source)
    component: Component | None = None
    try:
        component = builder.component(root)
    except QuantumError as fault:
        builder.faults.append(fault)
    return component, sorted(builder.faults, key=lambda fault: (fault.line, fault.column))


class Builder:
    """Builds one file; `within` are the tags around the current one."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.faults: list[QuantumError] = []
        self.within: list[str] = []
        self.imports: dict[str, Import] = {}
        self.functions: list[Function] = []
        self.params: list[Param] = []
        self.handlers: list[Handler] = []

    def fail(self, message: str, place: tuple[int, int], kind: str = "compile") -> NoReturn:
        """Raise a fault at a place."""
        raise self.source.error(kind, message, place)

    def component(self, root: Element) -> Component:
        """Build the whole file."""
        at = (root.line, root.column)
        if root.tag != "q:component":
            known = LEFT_OUT.get(root.tag.partition(":")[2], "")
            left_out = f"; {known} are not part of the language" if known else ""
            self.fail(f"a template is a <q:component>, not <{root.tag}>{left_out}", at)
        self.shape(root)
        name = root.attributes.get("name", "")
        if name and not _NAME.fullmatch(name):
            self.fail(f'name="{name}" is not a name', self.place(root, "name"))
        self.collect_imports(root)
        self.within.append("component")
        body = self.children(root)
        self.within.pop()
        self.distinct(self.functions, "function")
        self.distinct(self.params, "parameter")
        return Component(
            at,
            name,
            tuple(self.params),
            tuple(self.functions),
            tuple(self.imports.values()),
            tuple(self.handlers),
            build_markup.trimmed(body),
            self.source,
        )

    def distinct(self, things: list[Any], word: str) -> None:
        """Refuse two things of one name."""
        seen: set[str] = set()
        for each in things:
            if each.name in seen:
                self.faults.append(
                    self.source.error("compile", f"the {word} '{each.name}' stands twice", each.at)
                )
            seen.add(each.name)

    def collect_imports(self, root: Element) -> None:
        """Find what is imported, wherever it stands among the root's children."""
        for child in root.children:
            if isinstance(child, Element) and child.tag == "q:import":
                try:
                    found = self.imported(child)
                except QuantumError as fault:
                    self.faults.append(fault)
                    continue
                self.imports[found.alias] = found

    def imported(self, element: Element) -> Import:
        """Build `q:import`."""
        self.shape(element)
        component = element.attributes["component"]
        alias = element.attributes.get("as") or component
        for name, attribute in ((component, "component"), (alias, "as")):
            if not _COMPONENT.fullmatch(name):
                message = f"'{name}' is no component: a capital letter, then letters and digits"
                place = attribute if attribute in element.attributes else "component"
                self.fail(message, self.place(element, place))
        if alias in self.imports:
            self.fail(f"two components are called '{alias}' here", (element.line, element.column))
        return Import((element.line, element.column), component, alias)

    # What the builders of single tags use.

    def shape(self, element: Element) -> None:
        """Check the attributes of a q tag."""
        name = element.tag[2:]
        shape = TAGS[name]
        for each in element.attributes:
            if each not in shape.attributes and each != "xmlns" and not each.startswith("xmlns:"):
                message = f"<{element.tag}> has no attribute '{each}'"
                self.fail(message + did_you_mean(each, shape.attributes), self.place(element, each))
        for each in shape.needed:
            if each not in element.attributes:
                self.fail(f'<{element.tag}> needs {each}="..."', (element.line, element.column))

    def place(self, element: Element, attribute: str) -> tuple[int, int]:
        """Return where an attribute's value begins."""
        return element.text(attribute).place(0)

    def name(self, element: Element, attribute: str = "name") -> str:
        """Return an attribute that is a name."""
        name = element.attributes[attribute]
        if not _NAME.fullmatch(name):
            message = f'{attribute}="{name[:60]}" is not a name: a letter, then letters and digits'
            self.fail(message, self.place(element, attribute))
        return name

    def optional_name(self, element: Element, attribute: str) -> str | None:
        """Return an attribute that is a name, if it stands."""
        return self.name(element, attribute) if attribute in element.attributes else None

    def word(self, element: Element, attribute: str, words: frozenset[str], default: str) -> str:
        """Return an attribute that is one of a few words."""
        word = element.attributes.get(attribute)
        if word is None:
            return default
        if word not in words:
            hint = did_you_mean(word, words) or f"; it is one of {', '.join(sorted(words))}"
            message = f'{attribute}="{word[:60]}" does not exist{hint}'
            self.fail(message, self.place(element, attribute))
        return word

    def flag(self, element: Element, attribute: str, default: bool) -> bool:
        """Return an attribute that is true or false."""
        text = element.attributes.get(attribute)
        if text is None:
            return default
        if text.lower() not in _BOOLEANS:
            self.fail(f"{attribute} is true or false", self.place(element, attribute))
        return _BOOLEANS[text.lower()]

    def value(self, element: Element, attribute: str) -> Value | None:
        """Return an attribute with its expressions, if it stands."""
        if attribute not in element.attributes:
            return None
        return value_of(self.source, self.text(element, attribute))

    def text(self, element: Element, attribute: str) -> Text:
        """Return an attribute's text; places are looked up only where they are needed."""
        value = element.attributes[attribute]
        if "{" not in value:
            return Text(value, ((0, element.line, element.column),))
        return element.text(attribute)

    def code(self, element: Element, attribute: str, dialect: Any = None) -> Code:
        """Return an attribute that is one expression."""
        text = element.text(attribute)
        return whole(self.source, text) if dialect is None else whole(self.source, text, dialect)

    def children(self, element: Element) -> Body:
        """Build what stands within an element."""
        return self.several(element, element.children)

    def several(self, parent: Element, children: list[Element | Text]) -> Body:
        """Build some children of an element, keeping what is wrong with each."""
        made: list[Node] = []
        for child in children:
            try:
                node = self.child(parent, child)
            except QuantumError as fault:
                self.faults.append(fault)
                continue
            if node is not None:
                made.append(node)
        return tuple(made)

    def child(self, parent: Element, child: Element | Text) -> Node | None:
        """Build one child."""
        if isinstance(child, Text):
            return build_markup.words(self, parent, child)
        prefix, colon, name = child.tag.partition(":")
        if not colon:
            return build_markup.tag(self, child)
        at = (child.line, child.column)
        if prefix != "q":
            self.fail(f"<{child.tag}> is unknown; tags of the language begin with 'q:'", at)
        if name not in TAGS or name == "component":
            if name in LEFT_OUT:
                self.fail(f"<{child.tag}> is left out: {LEFT_OUT[name]}", at)
            self.fail(f"the tag <{child.tag}> does not exist{did_you_mean(name, TAGS)}", at)
        around = WITHIN.get(name)
        if around is not None and parent.tag[2:] not in around:
            self.fail(_misplaced(name, around), at)
        self.shape(child)
        made: Node | None = BUILDERS[name](self, child)
        return made


def _misplaced(name: str, around: tuple[str, ...]) -> str:
    message = f"<q:{name}> stands within {' or '.join(f'<q:{each}>' for each in around)}"
    if name in {"else", "elseif"}:
        test = ' condition="..."' if name == "elseif" else ""
        return f'{message}: <q:if condition="..."> ... <q:{name}{test}> ... </q:{name}></q:if>'
    return f"{message} only"


def _import(builder: Builder, element: Element) -> None:
    """`q:import` has been read before everything else."""


BUILDERS: Final[dict[str, Any]] = {
    "import": _import,
    **build_state.BUILDERS,
    **build_flow.BUILDERS,
    **build_markup.BUILDERS,
    **build_data.BUILDERS,
}
