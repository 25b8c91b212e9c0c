"""README and docs/ are run: python blocks are executed, workflow files are checked."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Its blocks are files of one project; tests/engine/plugins/test_tutorial.py builds and runs it.
TUTORIAL = ROOT / "docs" / "plugins.md"
PAGES = [ROOT / "README.md", *sorted(set((ROOT / "docs").glob("*.md")) - {TUTORIAL})]


def blocks(language):
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in FENCE.finditer(text):
            if found[1] == language:
                line = text.count("\n", 0, found.start()) + 1
                yield pytest.param(found[2], id=f"{page.name}:{line}")


@pytest.mark.parametrize("code", list(blocks("python")))
def test_a_python_block_runs(code, tmp_path):
    file = tmp_path / "block.py"
    file.write_text(code, encoding="utf-8")
    environment = {**os.environ, "CIRANDA_STORE__DURABILITY": "process", "PYTHONWARNINGS": "error"}

    done = subprocess.run(
        [sys.executable, str(file)], cwd=tmp_path, env=environment,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "text", [each for each in blocks("yaml") if "ciranda: 1" in each.values[0]]
)
def test_a_workflow_block_is_without_faults(text, tmp_path):
    from ciranda.workflow.load import loads

    assert loads(text, file=str(tmp_path / "block.yaml")).steps
