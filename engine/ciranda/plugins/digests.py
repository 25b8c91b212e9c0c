"""What identifies the code of an installed plugin."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from ciranda.discovery import Entry

__all__ = ["distribution_digest"]


def distribution_digest(entry: Entry) -> str:
    """Return a digest that changes whenever the distribution's code does.

    An installed distribution has a RECORD of its files' hashes. An editable one may change under
    it, so there every `.py` file of the import package counts.
    """
    from hashlib import sha256  # slow to load: a check of a file asks for no digest

    found = sha256(f"{entry.distribution} {entry.version}\0".encode())
    record = entry.folder / "RECORD"
    if record.is_file() and not _is_editable(entry.folder):
        found.update(record.read_bytes())
    else:
        for path, name in _sources(entry.module.partition(":")[0].partition(".")[0]):
            source = path.read_bytes()
            found.update(f"{name}\0{len(source)}\0".encode() + source)
    return f"sha256:{found.hexdigest()}"


def _is_editable(folder: Path) -> bool:
    try:
        return b'"editable"' in (folder / "direct_url.json").read_bytes()
    except OSError:
        return False


def _sources(package: str) -> Iterator[tuple[Path, str]]:
    """Yield the Python files of a top-level package, which is imported by now, in order."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        return
    for folder in spec.submodule_search_locations or ():
        for path in sorted(Path(folder).rglob("*.py")):
            yield path, path.relative_to(folder).as_posix()
    if spec.submodule_search_locations is None and spec.origin:
        yield Path(spec.origin), package
