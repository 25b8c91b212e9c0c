"""Where a fault is said to be: in a file when there is one, by name when Python built it."""

from __future__ import annotations

from collections.abc import Sequence as PathOf
from typing import Any

from ciranda.errors import Fault
from ciranda.workflow.document import Document
from ciranda.workflow.nodes import Scalar
from ciranda.workflow.owners import owner_of

__all__ = ["Places"]

Path = PathOf[str | int]


class Places:
    """Makes faults and looks up source text; works without a document too."""

    __slots__ = ("document", "file")

    def __init__(self, document: Document | None, file: str = "") -> None:
        self.document = document
        self.file = file or (document.file if document else "")

    def fault(
        self,
        path: Path,
        message: str,
        *,
        hint: str = "",
        kind: str = "invalid",
        key: bool = False,
        offset: int | None = None,
    ) -> Fault:
        """Return a fault at a path from the root of the file."""
        if self.document is None:
            # Without a line to point at, the sentence must say which step it is about.
            ids = owner_of(path).ids
            named = not ids or f"`{ids[-1]}`" in message
            text = message if named else f"step `{'/'.join(ids)}`: {message}"
            return Fault(text, self.file, hint=hint, kind=kind)
        return self.document.fault(path, message, hint=hint, kind=kind, key=key, offset=offset)

    def scalar(self, path: Path) -> Scalar | None:
        """Return the scalar written at `path`, or None when there is none there."""
        node = self._node(path)
        return node if isinstance(node, Scalar) else None

    def words(self, path: Path) -> list[str]:
        """Return the text, or the list of texts, that is written at `path`; else nothing."""
        node = self._node(path)
        found = getattr(node, "items", [node])
        return [each.text for each in found if isinstance(each, Scalar)]

    def exists(self, path: Path) -> bool:
        """Say whether the file has something at `path`."""
        return self._node(path) is not None

    def parts(self, path: Path) -> list[str | int]:
        """Return the keys, or the numbers of the items, of what is written at `path`."""
        node = self._node(path)
        return [*getattr(node, "entries", range(len(getattr(node, "items", ()))))]

    def _node(self, path: Path) -> Any:
        node: Any = self.document.root if self.document else None
        for part in path:
            children = getattr(node, "entries", None)
            if children is not None:
                node = children.get(part)
            else:
                items: Any = getattr(node, "items", ())
                fits = isinstance(part, int) and 0 <= part < len(items)
                node = items[part] if fits else None
        return node

    def text(self, path: Path, value: Any) -> str:
        """Return the text of a scalar as it was written: `007` stays `007`."""
        scalar = self.scalar(path)
        if scalar is not None and scalar.value == value:
            return scalar.text
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)
