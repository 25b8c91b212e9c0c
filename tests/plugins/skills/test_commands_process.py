"""`ciranda skills` as a process: what it imports, its pipes, its end."""

import json
import signal
import subprocess
import sys

import pytest

from .commanding import process, project
from .running_stage import left_over, make_skill

__all__ = ["project"]

TREE = """
echo started
sleep 60 &
sleep 60
"""


def ended(root):
    """Wait a little until no process stands in a skill's folder."""
    import time

    until = time.monotonic() + 5
    while (found := left_over(root)) and time.monotonic() < until:
        time.sleep(0.01)
    return found == []


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom ciranda.cli.entry import outcome\noutcome(['skills', 'run', '--help'])\n"
        "heavy = {'rich', 'mcp', 'apsw', 'ciranda.engine', 'yaml', 'jsonschema_rs'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "--require-sandbox" in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_ctrl_c_kills_the_whole_tree_and_ends_with_130(tmp_path, project):
    root = make_skill(tmp_path, {"scripts/main.sh": TREE}).root
    with process("run", root) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        first = child.stdout.readline()
        child.send_signal(signal.SIGINT)
        said = child.stderr.read()
        child.wait(30)

    assert (first, child.returncode) == ("started\n", 130)
    assert said.endswith("interrupted\n")
    assert ended(root)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_other_ends_do_so_too_and_tell_it_as_json(tmp_path, project, sent, code):
    root = make_skill(tmp_path, {"scripts/main.sh": "touch $HOME/here; sleep 60"}).root
    with process("run", root, "-o", "json") as child:
        while not left_over(root) and child.poll() is None:
            pass
        child.send_signal(sent)
        out, _ = child.communicate(timeout=30)

    assert (json.loads(out)["status"], child.returncode) == ("cancelled", code)
    assert ended(root)


def test_a_reader_that_has_enough_ends_the_script_quietly(tmp_path, project):
    source = "while True: print('x' * 1000, flush=True)"
    root = make_skill(tmp_path, {"scripts/main.py": source}).root
    with process("run", root, "--max-output", 1 << 28) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        said = child.stderr.read()
        child.wait(30)

    assert (child.returncode, said) == (1, "")
    assert ended(root)
