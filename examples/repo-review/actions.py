"""Actions that review files; an inline plugin, used by `repo-review.yaml`."""

from __future__ import annotations

import ast
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypedDict

from ciranda import StepError, action, hookimpl

_WIDTH = 100


class Lines(TypedDict):
    """The lines of a file."""

    kind: Literal["lines"]
    file: str
    code: int
    comments: int
    blank: int


class Lint(TypedDict):
    """What somebody should look at in a file, each with its line."""

    kind: Literal["lint"]
    file: str
    findings: list[str]


class Digest(TypedDict):
    """A file's content by its hash."""

    kind: Literal["digest"]
    file: str
    bytes: int
    sha256: str


class Duplicates(TypedDict):
    """Files of equal content, each group a list."""

    kind: Literal["duplicates"]
    groups: list[list[str]]


class Summary(TypedDict):
    """The whole review."""

    files: int
    bytes: int
    code: int
    comments: int
    findings: list[str]
    duplicates: list[list[str]]


class Report(TypedDict):
    """Where the report is, and its figures; times in milliseconds."""

    path: str
    summary: Summary
    tasks: int
    predicted: dict[str, Any]
    actual: dict[str, Any]


@action("review.count")
def count(path: Path) -> Lines:
    """Count the lines of a Python file.

    Args:
        path: The file.
    """
    lines = [line.strip() for line in _text(path).splitlines()]
    blank = sum(not line for line in lines)
    comments = sum(line.startswith("#") for line in lines)
    code = len(lines) - blank - comments
    return Lines(kind="lines", file=str(path), code=code, comments=comments, blank=blank)


@action("review.lint")
def lint(path: Path) -> Lint:
    """Look for what a reader would stumble over in a Python file.

    Args:
        path: The file.
    """
    text = _text(path)
    found: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > _WIDTH:
            found.append((number, f"longer than {_WIDTH} characters"))
        if line != line.rstrip():
            found.append((number, "ends with a blank"))
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        found.append((error.lineno or 0, f"is no Python: {error.msg}"))
    else:
        found += [fault for node in ast.walk(tree) for fault in _faults(node)]
    findings = [f"line {line} {fault}" for line, fault in sorted(found)]
    return Lint(kind="lint", file=str(path), findings=findings)


@action("review.hash")
def digest(path: Path) -> Digest:
    """Hash a file.

    Args:
        path: The file.
    """
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return Digest(kind="digest", file=str(path), bytes=len(content), sha256=sha256)


@action("review.duplicates", pure=True)
def duplicates(hashes: dict[str, Digest]) -> Duplicates:
    """Find files of equal content.

    Args:
        hashes: Of each file; those of empty ones do not count.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for each in hashes.values():
        if each["bytes"]:
            groups[each["sha256"]].append(each["file"])
    equal = sorted(sorted(files) for files in groups.values() if len(files) > 1)
    return Duplicates(kind="duplicates", groups=equal)


@action("review.summary", pure=True)
def summary(results: dict[str, dict[str, Any]]) -> Summary:
    """Put the results of all other tasks together.

    Args:
        results: By the tasks' ids, as the actions of this file give them.
    """
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in results.values():
        kinds[one["kind"]].append(one)
    findings = [f"{one['file']}: {each}" for one in kinds["lint"] for each in one["findings"]]
    return Summary(
        files=len(kinds["digest"]),
        bytes=sum(one["bytes"] for one in kinds["digest"]),
        code=sum(one["code"] for one in kinds["lines"]),
        comments=sum(one["comments"] for one in kinds["lines"]),
        findings=sorted(findings),
        duplicates=[group for one in kinds["duplicates"] for group in one["groups"]],
    )


@action("review.report")
def report(review: dict[str, Any], path: Path) -> Report:
    """Write what the review found, and how its run compared with the plan.

    Args:
        review: The output of `planner.run`.
        path: The Markdown file to write.
    """
    found: Summary = review["results"]["summarise"]
    told = Report(
        path=str(path), summary=found, tasks=len(review["status"]),
        predicted=_figures(review["predicted"]), actual=_figures(review["actual"]),
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(_page(told)) + "\n", encoding="utf-8")
    return told


@hookimpl
def actions() -> list[Any]:
    """Offer the actions of this file."""
    return [count, lint, digest, duplicates, summary, report]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StepError("invalid-input", f"{path} is no text: {error}", retryable=False) from None


def _faults(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.ExceptHandler) and node.type is None:
        yield node.lineno, "catches everything, also what should end the program"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        if any(isinstance(each, ast.List | ast.Dict | ast.Set) for each in defaults):
            yield node.lineno, f"`{node.name}` has a default that all of its calls share"


def _figures(side: dict[str, Any]) -> dict[str, Any]:
    wanted = ("makespan_ms", "lower_bound_ms", "speedup", "efficiency", "distance")
    return {name: side[name] for name in wanted if name in side}


def _page(told: Report) -> list[str]:
    found = told["summary"]
    figures = sorted(told["predicted"].keys() & told["actual"].keys())
    return [
        "# Review",
        "",
        f"{found['files']} files of {found['bytes']} bytes, {found['code']} lines of code and "
        f"{found['comments']} of comments, reviewed by {told['tasks']} tasks.",
        "",
        "| | predicted | actual |",
        "|---|---|---|",
        *(f"| {name} | {told['predicted'][name]} | {told['actual'][name]} |" for name in figures),
        "",
        f"## {len(found['findings'])} findings",
        "",
        *(f"- {finding}" for finding in found["findings"]),
        *(f"- equal content: {', '.join(group)}" for group in found["duplicates"]),
    ]
