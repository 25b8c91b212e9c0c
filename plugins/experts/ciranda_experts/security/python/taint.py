"""Where a value comes from, as far as one function shows."""

from __future__ import annotations

import ast
from enum import IntEnum
from typing import Final

from .folding import UNKNOWN
from .report import Subject
from .scope import Binding

__all__ = ["Origin", "Taint"]


class Origin(IntEnum):
    """How much is known of a value; the larger, the less it is to be trusted."""

    SAFE = 0  # a constant, or made harmless
    UNKNOWN = 1
    CALLER = 2  # a parameter, or a name that nobody here binds
    EXTERNAL = 3  # a person, the network


_OUTSIDE: Final = (
    "builtins.input",
    "builtins.raw_input",
    "sys.stdin",
    "flask.request",
    "request.",
    "bottle.request",
    "urllib.request.urlopen",
    "requests.get",
    "requests.post",
    "socket.socket()",
    "cgi.FieldStorage",
)
_OWNER: Final = ("sys.argv", "os.environ", "os.getenv")  # whoever starts the program
_REQUESTS: Final = frozenset({"args", "form", "values", "cookies", "GET", "POST", "query_params"})
_CLEANING: Final = frozenset(
    {
        "builtins.int",
        "builtins.float",
        "builtins.len",
        "builtins.bool",
        "builtins.hash",
        "builtins.id",
        "builtins.range",
        "shlex.quote",
        "shlex.join",
        "html.escape",
        "re.escape",
        "os.path.basename",
        "werkzeug.utils.secure_filename",
        "uuid.UUID",
        "uuid.uuid4",
        "decimal.Decimal",
        "markupsafe.escape",
        "hashlib.sha256",
        "urllib.parse.quote",
        "pipes.quote",
        "datetime.date",
    }
)
_HOPS: Final = 60


class Taint:
    """Follows values backwards through expressions and the names of one function."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._known: dict[ast.AST, Origin] = {}
        self._hops = 0

    def of(self, node: ast.expr) -> Origin:
        """Return where a value comes from; of several places, the least trusted."""
        known = self._known.get(node)
        if known is not None:
            return known
        self._known[node] = Origin.SAFE  # a value made of itself adds nothing
        if self._hops > _HOPS:
            return Origin.UNKNOWN
        self._hops += 1
        found = self._origin(node)
        self._hops -= 1
        self._known[node] = found
        return found

    def parts(self, node: ast.expr) -> list[ast.expr] | None:
        """Return the changing parts of a text that is put together, or None if it is not."""
        match node:
            case ast.JoinedStr():
                return [each.value for each in node.values if isinstance(each, ast.FormattedValue)]
            case ast.BinOp(op=ast.Add()):
                parts: list[ast.expr] = []
                at: ast.expr = node
                while isinstance(at, ast.BinOp) and isinstance(at.op, ast.Add):
                    parts.append(at.right)
                    at = at.left
                return [*parts, at]
            case ast.BinOp(op=ast.Mod()) if self._is_text(node.left):
                right = node.right
                return list(right.elts) if isinstance(right, ast.Tuple) else [right]
            case ast.Call(func=ast.Attribute(attr="format" | "format_map")):
                func = node.func
                if not isinstance(func, ast.Attribute) or not self._is_text(func.value):
                    return None
                named = [each.value for each in node.keywords]
                return [*node.args, *named]
        return None

    def constant(self, node: ast.expr) -> str:
        """Return the constant text in a text that is put together, without its changing parts."""
        stack, found = [node], []
        while stack:
            each = stack.pop()
            text = self._subject.folding.text(each)
            if text is not None:
                found.append(text)
            elif isinstance(each, ast.JoinedStr):
                stack.extend(reversed(each.values))
            elif isinstance(each, ast.BinOp):
                right = [] if isinstance(each.op, ast.Mod) else [each.right]
                stack += [*right, each.left]
            elif isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute):
                stack.append(each.func.value)
        return " ".join(found)

    def _is_text(self, node: ast.expr) -> bool:
        return isinstance(self._subject.folding.value(node), str) or isinstance(
            node, (ast.JoinedStr, ast.BinOp)
        )

    def _origin(self, node: ast.expr) -> Origin:  # noqa: PLR0911  # one answer a case
        folding = self._subject.folding
        if folding.value(node) is not UNKNOWN:
            return Origin.SAFE
        names = self._subject.resolver.names(node)
        if any(name.startswith(_OUTSIDE) for name in names):
            return Origin.EXTERNAL
        if any(name.startswith(_OWNER) for name in names):
            return Origin.CALLER
        match node:
            case ast.Name():
                return self._name(node)
            case ast.Call():
                return self._call(node)
            case ast.Attribute():
                if node.attr in _REQUESTS and _is_request(node.value):
                    return Origin.EXTERNAL
                return min(Origin.UNKNOWN, self.of(node.value)) or Origin.UNKNOWN
            case ast.Subscript():
                return self.of(node.value)
            case ast.Compare() | ast.Lambda():
                return Origin.SAFE
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self.of(node.elt)
            case ast.IfExp():
                return max(self.of(node.body), self.of(node.orelse))
            case ast.BinOp():
                return self._sum(node)
        parts = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
        return max((self.of(each) for each in parts), default=Origin.UNKNOWN)

    def _sum(self, node: ast.BinOp) -> Origin:
        if isinstance(node.op, ast.Mult) and (self._is_text(node.left) or self._listed(node.left)):
            return self.of(node.left)  # "?" * n
        worst = Origin.SAFE
        at: ast.expr = node
        while isinstance(at, ast.BinOp):
            worst = max(worst, self.of(at.right))
            at = at.left
        return max(worst, self.of(at))

    def _listed(self, node: ast.expr) -> bool:
        return isinstance(node, ast.List) and self._subject.folding.value(node) is not UNKNOWN

    def _name(self, node: ast.Name) -> Origin:
        owner = self._subject.program.scope(node).owner(node.id)
        if owner is None:
            return Origin.CALLER
        return max(self._binding(each) for each in owner.bindings[node.id])

    def _binding(self, binding: Binding) -> Origin:
        if binding.parameter:
            return Origin.CALLER
        if binding.definition is not None or binding.dotted:
            return Origin.UNKNOWN
        made = binding.value if binding.value is not None else binding.source
        return Origin.UNKNOWN if made is None else self.of(made)

    def _call(self, node: ast.Call) -> Origin:
        names = self._subject.resolver.names(node.func)
        if any(name in _CLEANING for name in names):
            return Origin.SAFE
        given = [*node.args, *(each.value for each in node.keywords)]
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in ("join", "format", "replace", "strip", "lower", "upper", "encode"):
                given.append(node.func.value)
                return max(self.of(each) for each in given)
            given.append(node.func.value)
        worst = max((self.of(each) for each in given), default=Origin.UNKNOWN)
        return worst if worst is Origin.EXTERNAL else Origin.UNKNOWN


def _is_request(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "request"
    return isinstance(node, ast.Name) and node.id in ("request", "req")
