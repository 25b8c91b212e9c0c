"""Actions that audit installed distributions; an inline plugin, used by `audit.yaml`."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import sys
import sysconfig
from collections import Counter, defaultdict
from importlib import metadata
from pathlib import Path
from typing import Any, TypedDict

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ciranda import StepError, action, hookimpl


class Distribution(TypedDict):
    """An installed distribution, before anything was read but directory entries."""

    name: str
    version: str
    path: str
    files: int
    unlisted: list[str]
    fingerprint: str


class Pth(TypedDict):
    """A `.pth` file and the lines that Python executes at every start."""

    file: str
    code: list[str]


class Checked(TypedDict):
    """What a distribution is made of, and how it differs from its RECORD."""

    name: str
    version: str
    files: int
    bytes: int
    unhashed: int
    recorded: bool
    editable: bool
    changed: list[str]
    missing: list[str]
    unlisted: list[str]
    licence: str
    requires: list[str]
    scripts: list[str]
    pth: list[Pth]


class Unsatisfied(TypedDict):
    """A requirement that nothing installed meets."""

    distribution: str
    requirement: str
    installed: str


class Finding(TypedDict):
    """One thing that somebody should look at."""

    distribution: str
    kind: str
    detail: str


class Summary(TypedDict):
    """The whole audit."""

    python: str
    environment: str
    distributions: int
    files: int
    bytes: int
    findings: list[Finding]
    counts: dict[str, int]


class Report(TypedDict):
    """Where the report is."""

    path: str
    bytes: int


@action("audit.distributions")
def distributions() -> list[Distribution]:
    """List the installed distributions, each with a fingerprint of its files' directory entries.

    The fingerprint covers path, size, modification time, change time and inode of every file, so
    it changes whenever a file does, even when somebody sets the modification time back.
    """
    found: dict[str, tuple[metadata.Distribution, Path]] = {}
    for installed in metadata.distributions():
        folder = getattr(installed, "_path", None)  # the dist-info folder; no public name for it
        if folder is not None and installed.metadata["Name"]:
            found.setdefault(
                canonicalize_name(installed.metadata["Name"]), (installed, Path(folder))
            )
    listed = {
        name: {_place(folder, row[0]) for row in _record(folder)}
        for name, (_, folder) in found.items()
    }
    unlisted = _unlisted(listed)
    return [
        Distribution(
            name=installed.metadata["Name"],
            version=installed.version,
            path=str(folder),
            files=len(listed[name]),
            unlisted=[str(file) for file in unlisted[name]],
            fingerprint=_fingerprint([*sorted(listed[name]), *unlisted[name]]),
        )
        for name, (installed, folder) in sorted(found.items())
    ]


@action("audit.planned", pure=True)
def planned(distributions: list[Distribution], order: list[str]) -> list[Distribution]:
    """Return the distributions in the order of a plan."""
    named = {one["name"]: one for one in distributions}
    return [named[name] for name in order]


@action("audit.verify")
def verify(path: Path, *, unlisted: list[str] | None = None) -> Checked:
    """Compare every file of a distribution with its RECORD; read what it declares.

    Args:
        path: The distribution's `.dist-info` folder.
        unlisted: Files that stand between its own and that no RECORD lists.
    """
    if not path.is_dir():
        raise StepError("audit.gone", f"{path} was uninstalled while the audit ran")
    installed = metadata.Distribution.at(path)
    changed, missing, pth = [], [], []
    total = unhashed = 0
    rows = _record(path)
    for name, digest, size in rows:
        file = _place(path, name)
        try:
            content = file.read_bytes()
        except OSError:
            if file.suffix != ".pyc":  # Python makes byte code again when it misses it
                missing.append(name)
            continue
        total += len(content)
        if not digest:
            unhashed += 1
        elif not _same(content, digest) or (size and int(size) != len(content)):
            changed.append(name)
        if file.suffix == ".pth":
            pth.append(Pth(file=name, code=_startup_code(content)))
    origin = installed.read_text("direct_url.json")
    return Checked(
        name=installed.metadata["Name"],
        version=installed.version,
        files=len(rows),
        bytes=total,
        unhashed=unhashed,
        recorded=bool(rows),
        editable=bool(origin and json.loads(origin).get("dir_info", {}).get("editable")),
        changed=changed,
        missing=missing,
        unlisted=list(unlisted or []),
        licence=_licence(installed.metadata),
        requires=list(installed.requires or []),
        scripts=[
            point.name for point in installed.entry_points if point.group == "console_scripts"
        ],
        pth=pth,
    )


@action("audit.requirements")
def requirements(checked: list[Checked | None]) -> list[Unsatisfied]:
    """List the requirements that no installed distribution satisfies."""
    known = [one for one in checked if one]
    versions = {canonicalize_name(one["name"]): one["version"] for one in known}
    unmet = []
    for one in known:
        for text in one["requires"]:
            try:
                wanted = Requirement(text)
            except InvalidRequirement:
                unmet.append(Unsatisfied(distribution=one["name"], requirement=text, installed="?"))
                continue
            if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
                continue
            version = versions.get(canonicalize_name(wanted.name), "")
            if not version or not wanted.specifier.contains(version, prereleases=True):
                unmet.append(
                    Unsatisfied(distribution=one["name"], requirement=text, installed=version)
                )
    return unmet


@action("audit.strays")
def strays() -> list[Pth]:
    """List the `.pth` files that belong to no distribution: Python reads them at every start."""
    folders = {Path(sysconfig.get_path(key)) for key in ("purelib", "platlib")}
    listed = {
        _place(Path(str(folder)), row[0])
        for installed in metadata.distributions()
        if (folder := getattr(installed, "_path", None)) is not None
        for row in _record(Path(str(folder)))
    }
    return [
        Pth(file=str(file), code=_startup_code(file.read_bytes()))
        for folder in sorted(folders)
        for file in sorted(folder.glob("*.pth"))
        if file not in listed
    ]


@action("audit.summary")
def summary(
    distributions: list[Distribution],
    checked: list[Checked | None],
    unsatisfied: list[Unsatisfied],
    strays: list[Pth],
    judged: list[Finding] | None = None,
) -> Summary:
    """Gather what somebody should look at; `judged` is what experts found."""
    findings = list(judged or [])
    findings += [
        Finding(
            distribution="(none)",
            kind="unlisted",
            detail="; ".join([stray["file"], *stray["code"]]),
        )
        for stray in strays
    ]
    for listed, one in zip(distributions, checked, strict=True):
        name = listed["name"]
        if one is None:
            findings.append(Finding(distribution=name, kind="unreadable", detail=listed["path"]))
            continue
        for kind in ("changed", "missing", "unlisted"):
            findings += [Finding(distribution=name, kind=kind, detail=file) for file in one[kind]]
        findings += [
            Finding(distribution=name, kind="pth-code", detail=f"{pth['file']}: {line}")
            for pth in one["pth"]
            for line in pth["code"]
        ]
        if not one["recorded"]:
            findings.append(Finding(distribution=name, kind="no-record", detail=listed["path"]))
        if not one["licence"]:
            findings.append(Finding(distribution=name, kind="no-licence", detail="none declared"))
    findings += [
        Finding(
            distribution=unmet["distribution"],
            kind="unsatisfied",
            detail=f"{unmet['requirement']} ({unmet['installed'] or 'not'} installed)",
        )
        for unmet in unsatisfied
    ]
    whole = [one for one in checked if one]
    return Summary(
        python=sys.version.split()[0],
        environment=sys.prefix,
        distributions=len(distributions),
        files=sum(one["files"] for one in whole),
        bytes=sum(one["bytes"] for one in whole),
        findings=sorted(findings, key=lambda found: (found["kind"], found["distribution"].lower())),
        counts=dict(sorted(Counter(found["kind"] for found in findings).items())),
    )


@action("audit.report")
def report(summary: Summary, folder: Path) -> Report:
    """Write `report.md`."""
    lines = [
        "# Audit of installed distributions",
        "",
        f"Python {summary['python']} in `{summary['environment']}`: "
        f"{summary['distributions']} distributions, {summary['files']} files, "
        f"{summary['bytes'] / 1e6:.1f} MB.",
        "",
    ]
    if summary["findings"]:
        lines += ["| finding | distribution | detail |", "|---|---|---|"]
        lines += [
            f"| {found['kind']} | {_cell(found['distribution'])} | {_cell(found['detail'])} |"
            for found in summary["findings"]
        ]
    else:
        lines.append("Nothing to look at: every file is as its RECORD says.")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "report.md"
    text = "\n".join(lines) + "\n"
    draft = target.with_suffix(".md.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(target)
    return Report(path=str(target), bytes=len(text.encode()))


@hookimpl
def actions() -> list[Any]:
    """Offer the actions of this file."""
    return [distributions, planned, verify, requirements, strays, summary, report]


def _record(folder: Path) -> list[tuple[str, str, str]]:
    """Return the rows (path, hash, size) of a RECORD; none when there is no RECORD."""
    try:
        text = (folder / "RECORD").read_text(encoding="utf-8")
    except OSError:
        return []
    rows = csv.DictReader(text.splitlines(), ["path", "hash", "size"], restval="")
    return [(row["path"], row["hash"], row["size"]) for row in rows if row["path"]]


def _place(folder: Path, name: str) -> Path:
    """Return where a file of a RECORD is: its paths start beside the dist-info folder."""
    file = folder.parent / name
    return file.resolve() if ".." in file.parts else file


def _unlisted(listed: dict[str, set[Path]]) -> dict[str, list[Path]]:
    """Find files that stand in a distribution's folders and in nobody's RECORD.

    A folder belongs to the distribution with most files in it. Byte code beside its source is
    Python's own doing and left out.
    """
    everything = set().union(*listed.values()) if listed else set()
    votes: dict[Path, Counter[str]] = defaultdict(Counter)
    roots = {Path(sysconfig.get_path(key)) for key in ("purelib", "platlib", "scripts", "data")}
    for name, files in listed.items():
        for file in files:
            folder = file.parent
            if folder.name != "__pycache__" and not any(root == folder for root in roots):
                votes[folder][name] += 1
    found: dict[str, list[Path]] = {name: [] for name in listed}
    for folder, owners in votes.items():
        if not any(folder.is_relative_to(root) for root in roots) or not folder.is_dir():
            continue
        owner = owners.most_common(1)[0][0]
        for file in (*folder.iterdir(), *(folder / "__pycache__").glob("*")):
            if file in everything or not file.is_file():
                continue
            source = file.parent.parent / f"{file.name.partition('.')[0]}.py"
            if file.parent.name != "__pycache__" or source not in everything:
                found[owner].append(file)
    return {name: sorted(files) for name, files in found.items()}


def _fingerprint(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        try:
            entry = file.lstat()
            facts = f"{entry.st_size} {entry.st_mtime_ns} {entry.st_ctime_ns} {entry.st_ino}"
        except OSError:
            facts = "missing"
        digest.update(f"{file}\0{facts}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _same(content: bytes, digest: str) -> bool:
    """Compare content with RECORD's `algorithm=urlsafe-base64-without-padding`."""
    algorithm, _, expected = digest.partition("=")
    if algorithm not in hashlib.algorithms_guaranteed:
        return False
    actual = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest())
    return actual.rstrip(b"=").decode() == expected


def _startup_code(content: bytes) -> list[str]:
    """Return the lines of a `.pth` file that the `site` module executes."""
    lines = content.decode("utf-8", "replace").splitlines()
    run = [line.strip() for line in lines if line.startswith(("import ", "import\t"))]
    return [f"{line[:199]}…" if line[200:] else line for line in run]


def _licence(meta: metadata.PackageMetadata) -> str:
    named = next((meta[key] for key in ("License-Expression", "License") if key in meta), "")
    classifiers = [
        value.rpartition(" :: ")[2]
        for value in meta.get_all("Classifier") or []
        if value.startswith("License :: ")
    ]
    first = str(named).strip().splitlines()
    return (first[0] if first else "") or ", ".join(classifiers)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
