"""`ciranda experts` as a process: what it imports, its pipes, its end."""

import json
import os
import pty
import signal
import subprocess
import sys
import time

from ciranda.executors.descendants import descendants

from .intents import GOOD, WRONG, lines


def process(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "ciranda", "experts", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def test_help_is_short_and_imports_neither_engine_nor_solver():
    code = (
        "import sys\nfrom ciranda.cli.entry import outcome\noutcome(['experts', '--help'])\n"
        "heavy = {'rich', 'z3', 'apsw', 'ciranda.engine', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "verify" in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_a_reader_that_has_enough_ends_it_quietly(folder):
    file = lines(folder, *({**GOOD, "id": f"i{n}"} for n in range(3000)))

    with process("verify", file, "-o", "json") as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        child.stdout.close()
        assert child.stderr is not None
        said = child.stderr.read()
        child.wait(60)

    assert json.loads(first)["id"] == "i0"
    assert (child.returncode, said) == (1, "")  # nobody knows of the rest


def test_of_one_intent_the_verdict_counts_whoever_reads_it(folder):
    (folder / "good.json").write_text(json.dumps(GOOD))
    with process("verify", "good.json") as child:
        assert child.stdout is not None
        child.stdout.close()
        assert child.stderr is not None
        said = child.stderr.read()
        child.wait(60)

    assert (child.returncode, said) == (0, "")


def test_answers_come_while_the_input_is_still_open(folder):
    with process("verify", "-", "-o", "json", stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(GOOD) + "\n")
        child.stdin.flush()
        first = json.loads(child.stdout.readline())
        child.stdin.write(json.dumps(WRONG) + "\n")
        child.stdin.close()
        second = json.loads(child.stdout.readline())
        child.wait(60)

    assert (first["id"], second["id"], child.returncode) == ("good", 7, 1)


def test_ctrl_c_ends_it_with_130_and_leaves_no_worker(folder):
    hard = {"constraints": ["a > 0", "b > 0", "c > 0", "a*a*a + b*b*b == c*c*c"]}
    with process("verify", "-", "-o", "json", stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        child.stdin.write(json.dumps(GOOD) + "\n" + json.dumps(hard) + "\n")
        child.stdin.flush()
        assert child.stdout is not None
        child.stdout.readline()
        deadline = time.monotonic() + 30
        while not (workers := list(descendants(child.pid))) and time.monotonic() < deadline:
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        child.stdin.close()
        child.wait(60)
        assert child.stderr is not None
        said = child.stderr.read()

    assert workers
    assert (child.returncode, said) == (130, "interrupted\n")
    assert not any(map(alive, workers))


def alive(pid):
    """Say whether a process runs; one that waits to be collected does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_on_a_terminal_answers_stand_above_a_board_that_goes_away(folder):
    file = lines(folder, *({**GOOD, "id": f"i{n}"} for n in range(5)))
    ours, theirs = pty.openpty()
    environ = {key: value for key, value in os.environ.items() if key not in ("CI", "NO_COLOR")}
    with subprocess.Popen(
        [sys.executable, "-m", "ciranda", "experts", "verify", file],
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env={**environ, "TERM": "xterm"},
    ) as child:  # fmt: skip
        os.close(theirs)
        seen = b""
        while chunk := read(ours):
            seen += chunk
    os.close(ours)

    text = seen.decode()
    assert child.returncode == 0
    assert [text.count(f"  i{n}\r\n") for n in range(5)] == [1] * 5
    assert "council" in text
    assert text.index("i4") < text.rindex("conservation")
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1
    assert text.rstrip().endswith("5 approved")


def read(number):
    try:
        return os.read(number, 1 << 16)
    except OSError:  # Linux: the other end is closed
        return b""
