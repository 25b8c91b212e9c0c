"""What an expression is called elsewhere: `s` after `from os import system as s` is `os.system`."""

from __future__ import annotations

import ast
import builtins
from typing import Final

from ..limits import DOTTED, ORIGINS
from .folding import Folding
from .program import Program
from .scope import Scope

__all__ = ["Resolver"]

_BUILTINS: Final = frozenset(dir(builtins))
_NAMESPACE: Final = "<namespace>"  # what globals() returns
# A module that is reached through another, as in `shutil.os.system`, is itself.
_MODULES: Final = frozenset(
    {"builtins", "os", "sys", "subprocess", "importlib", "socket", "ctypes"}
)
# The same as others import it for themselves, whatever the object is that it is reached through.
_PRIVATE: Final = {
    name: name.lstrip("_")
    for name in ("os", "_os", "subprocess", "_subprocess", "sys", "_sys", "builtins", "_builtins",
                 "importlib", "_importlib", "posix", "nt")
}  # fmt: skip
_THROUGH: Final = frozenset({"__call__", "__dict__", "__func__", "__wrapped__"})
_GETTERS: Final = frozenset({"builtins.getattr", "inspect.getattr_static"})
_IMPORTERS: Final = frozenset(
    {"builtins.__import__", "importlib.import_module", "importlib.__import__"}
)
_SAME: Final = frozenset(
    {
        "functools.partial",
        "builtins.staticmethod",
        "functools.wraps",
        "builtins.vars",
        "functools.lru_cache",
        "functools.cache",
        "copy.copy",
    }
)
_HOPS: Final = 70  # aliases of aliases
_Names = tuple[str, ...]


class Resolver:
    """Follows imports, aliases, attributes and the ways round them, whatever their order."""

    def __init__(self, program: Program, folding: Folding) -> None:
        self._program = program
        self._folding = folding
        self._nodes: dict[ast.AST, _Names] = {}
        self._names: dict[tuple[Scope, str], _Names] = {}
        self._hops = 0
        self.cut = False  # whether something was too long a way to follow
        for each in program.of(ast.Assign):  # in order, so that chains of aliases stay short
            self.names(each.value)

    def names(self, node: ast.expr) -> _Names:
        """Return the dotted names that an expression may stand for; a call ends in "()"."""
        known = self._nodes.get(node)
        if known is not None:
            return known
        self._nodes[node] = ()  # a name that is made of itself
        if self._hops > _HOPS:
            self.cut = True
            return ()
        self._hops += 1
        try:
            known = self._nodes[node] = self._resolve(node)
        finally:
            self._hops -= 1
        return known

    def name(self, name: str, scope: Scope, line: int = 0) -> _Names:
        """Return what a name stands for in a scope."""
        owner = scope.owner(name)
        found: _Names = ()
        if owner is not None:
            found = self._bound(name, owner)
            if not self._may_be_builtin(name, owner, scope, line):
                return found
        if name == "__builtins__":
            return (*found, "builtins")
        if name in _BUILTINS:
            return (*found, f"builtins.{name}")
        return (*found, *(f"{module}.{name}" for module in self._program.stars[:ORIGINS]))

    def _bound(self, name: str, owner: Scope) -> _Names:
        known = self._names.get((owner, name))
        if known is None:
            self._names[owner, name] = ()
            found: dict[str, None] = {}
            for binding in owner.bindings[name]:
                if binding.dotted:
                    found[_shortened(binding.dotted)] = None
                elif binding.value is not None:
                    found.update(dict.fromkeys(self.names(binding.value)))
                if len(found) > ORIGINS:
                    break
            known = self._names[owner, name] = tuple(found)[:ORIGINS]
        return known

    def _may_be_builtin(self, name: str, owner: Scope, scope: Scope, line: int) -> bool:
        """Say whether a bound name can still mean the builtin at a line.

        A name bound in a function never does. One that a module binds does until then: an
        assignment that comes late, or never, hides nothing.
        """
        if name not in _BUILTINS or owner.parent is not None:
            return False
        if name in owner.deleted:
            return True
        return not any(
            each.certain and (each.definition is not None or each.dotted) and each.line <= line
            for each in owner.bindings[name]
        )

    def _resolve(self, node: ast.expr) -> _Names:  # noqa: PLR0911  # one answer a kind of node
        match node:
            case ast.Name():
                return self.name(node.id, self._program.scope(node), node.lineno)
            case ast.Attribute():
                if node.attr == "f_builtins":
                    return ("builtins",)
                owner = self.names(node.value)
                if not owner and isinstance(node.value, ast.Attribute):
                    module = _PRIVATE.get(node.value.attr)
                    owner = (module,) if module else ()
                return self._members(owner, node.attr)
            case ast.Subscript():
                key = self._folding.text(node.slice)
                if key is None:
                    return ()
                return self._members(self.names(node.value), key)
            case ast.Call():
                return self._call(node)
            case ast.IfExp():
                return self._joined(node.body, node.orelse)
            case ast.BoolOp():
                return self._joined(*node.values[:ORIGINS])
            case ast.NamedExpr() | ast.Await() | ast.Starred():
                return self.names(node.value)
        return ()

    def _joined(self, *nodes: ast.expr) -> _Names:
        found = dict.fromkeys(name for each in nodes for name in self.names(each))
        return tuple(found)[:ORIGINS]

    def _members(self, names: _Names, member: str) -> _Names:
        found: dict[str, None] = {}
        for name in names:
            if name == _NAMESPACE:
                for meaning in self.name(member, self._program.module, 1 << 30):
                    found[meaning] = None
            elif name == "sys.modules" or (name == "builtins" and member == "__builtins__"):
                found[_shortened(member)] = None
            elif member in _THROUGH:
                found[name] = None
            elif member == "__self__" and name.startswith("builtins."):
                found["builtins"] = None
            elif name.endswith("." + member) and member in ("__globals__", "__builtins__"):
                found[name] = None
            elif member == "__builtins__":
                found["builtins"] = None
            elif len(name) + len(member) < DOTTED:
                found[_shortened(f"{name}.{member}")] = None
        if not names and member == "__builtins__":
            found["builtins"] = None
        return tuple(found)[:ORIGINS]

    def _call(self, node: ast.Call) -> _Names:  # noqa: PLR0912  # one case a function
        found: dict[str, None] = {}
        first = node.args[0] if node.args else None
        for name in self.names(node.func):
            if name in _GETTERS and len(node.args) > 1:
                key = self._folding.text(node.args[1])
                members = self._members(self.names(node.args[0]), key) if key else ()
                found.update(dict.fromkeys(members))
            elif name in _IMPORTERS and first is not None:
                module = self._folding.text(first)
                if module:
                    bare = module if name != "builtins.__import__" else module.partition(".")[0]
                    found[_shortened(bare)] = None
            elif name in ("builtins.globals", "builtins.locals"):
                found[_NAMESPACE] = None
            elif name in _SAME and first is not None:
                found.update(dict.fromkeys(self.names(first)))
            elif name == "operator.attrgetter()" and first is not None:
                found.update(dict.fromkeys(self._got(node.func, first)))
            elif name == "operator.methodcaller()" and first is not None:
                got = self._got(node.func, first)
                found.update(dict.fromkeys(f"{each}()" for each in got))
            elif name.endswith((".__getattribute__", ".__getitem__", ".get", ".__getattr__")):
                key = self._folding.text(node.args[-1]) if node.args else None
                if name.endswith(".get"):
                    key = self._folding.text(node.args[0]) if node.args else None
                base = name.rpartition(".")[0]
                if key and base in ("sys.modules", "builtins", _NAMESPACE, *_MODULES):
                    found.update(dict.fromkeys(self._members((base,), key)))
                elif len(name) < DOTTED:
                    found[name + "()"] = None
            elif len(name) < DOTTED:
                found[name + "()"] = None
        return tuple(found)[:ORIGINS]

    def _got(self, getter: ast.expr, owner: ast.expr) -> _Names:
        if isinstance(getter, ast.Call) and getter.args:
            key = self._folding.text(getter.args[0])
            if key:
                return self._members(self.names(owner), key)
        return ()


def _shortened(dotted: str) -> str:
    """Return a dotted name from the last well-known module in it."""
    if "." not in dotted:
        return "builtins" if dotted == "__builtin__" else dotted
    parts = dotted.split(".")
    for at in range(len(parts) - 2, 0, -1):
        if parts[at] in _PRIVATE and parts[at] not in _MODULES:
            parts[at] = _PRIVATE[parts[at]]  # `random._os.system`
            return ".".join(parts[at:])
        if parts[at] in _MODULES and not any(each.endswith("()") for each in parts[:at]):
            return ".".join(parts[at:])
    if parts[-1] in ("builtins", "sys") or (parts[-1] == "os" and len(parts) == 2):  # noqa: PLR2004  # a.os
        return parts[-1]
    return dotted
