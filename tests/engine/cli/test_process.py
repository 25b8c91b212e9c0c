"""The command as a process: exit codes, signals, streams that are closed, full or a terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest

PROGRAM = [sys.executable, "-m", "ciranda"]
LONG = """\
ciranda: 1
steps:
  first: {run: [echo, first]}
  long: {run: [sh, -c, "echo $$ > pid; trap '' INT; sleep 60"], needs: [first], timeout: 50s}
  after: {if: always(), run: [sh, -c, "echo cleaned > cleaned"], needs: [long]}
"""
STUBBORN = """\
ciranda: 1
steps:
  long: {run: [sh, -c, "echo $$ > pid; sleep 60"]}
  after: {if: always(), run: [sh, -c, "echo $$ > pid2; sleep 60"], needs: [long]}
"""


HANDLED = """\
ciranda: 1
steps:
  long: {run: [sh, -c, "echo $$ > pid; sleep 60"]}
on-cancel: {tidy: {run: [sh, -c, "echo $$ > pid2; trap '' INT TERM; sleep 60"]}}
finally: {last: {run: [sh, -c, "echo $$ > pid3"]}}
"""


@pytest.fixture
def started(project):
    """Start the command; whatever is left of it at the end is killed."""
    running = []

    def start(*arguments, **options):
        process = subprocess.Popen(
            [*PROGRAM, *arguments], start_new_session=True, text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def done(*arguments, **options):
    return subprocess.run(
        [*PROGRAM, *arguments], check=False, text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )  # fmt: skip


def wait_for(path, seconds=20):
    for _ in range(int(seconds / 0.02)):
        if path.exists() and path.read_text().strip():
            return int(path.read_text()) if path.read_text().strip().isdigit() else 0
        time.sleep(0.02)
    raise AssertionError(f"{path} never came")


def gone(pid):
    for _ in range(100):
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["run", "ok.yaml", "-q"], 0),
        (["run", "fail.yaml", "-q"], 1),
        (["run", "gone.yaml"], 2),
        (["nonsense"], 2),
    ],
)
def test_exit_codes(project, arguments, code):
    assert done(*arguments).returncode == code


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_signal_stops_the_steps_and_keeps_the_run(project, started, signum, code):
    (project / "long.yaml").write_text(LONG)
    process = started("run", "long.yaml")
    pid = wait_for(project / "pid")

    process.send_signal(signum)
    _, err = process.communicate(timeout=20)

    assert process.returncode == code, err
    assert "interrupted: stopping steps (again = leave at once)" in err
    assert "ciranda resume" in err
    assert "Traceback" not in err
    assert gone(pid)
    assert (project / "cleaned").exists()
    assert "cancelled" in done("show", "last").stdout


def test_two_signals_leave_at_once_and_leave_nobody_behind(project, started):
    (project / "stubborn.yaml").write_text(STUBBORN)
    process = started("run", "stubborn.yaml")
    wait_for(project / "pid")
    process.send_signal(signal.SIGINT)
    pid = wait_for(project / "pid2")

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert gone(pid)
    assert "interrupted" in done("runs").stdout


def test_a_second_signal_ends_handlers_at_once_and_says_how_to_go_on(project, started):
    (project / "handled.yaml").write_text(HANDLED)
    process = started("run", "handled.yaml")
    wait_for(project / "pid")
    process.send_signal(signal.SIGINT)
    pid = wait_for(project / "pid2")

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130, err
    assert gone(pid)
    assert not (project / "pid3").exists()
    last = err.splitlines()[-1]
    assert re.fullmatch(r"left at once: `ciranda resume \w+` goes on with the run", last), err


def test_a_signal_that_is_ignored_stays_ignored(project, started):
    (project / "short.yaml").write_text(
        "ciranda: 1\nsteps: {a: {run: [sh, -c, 'echo 0 > pid; sleep 0.3']}}\n"
    )
    process = started(
        "run", "short.yaml", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
    )
    wait_for(project / "pid")
    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=20) == 0


def test_a_signal_outside_a_run_ends_without_a_traceback(project, started):
    process = started("eval", "inputs.x", "-i", "x=@-", stdin=subprocess.PIPE)
    for _ in range(500):  # until the handler is set, which the kernel tells
        with open(f"/proc/{process.pid}/status") as file:
            caught = re.search(r"SigCgt:\s+(\w+)", file.read())
        if caught is not None and int(caught[1], 16) & (1 << 14):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 143
    assert err == ""


def test_a_reader_that_has_enough_is_no_failure(project):
    script = f"{' '.join(PROGRAM)} schema | head -1; echo ${{PIPESTATUS[0]}}"
    shell = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)

    assert shell.stdout == "{\n0\n"
    assert shell.stderr == ""


@pytest.mark.parametrize("command", ["eval 1", "run ok.yaml -q", "run ok.yaml -q -o json"])
def test_a_full_disk_shows_in_the_exit_code(project, command):
    with open("/dev/full", "w") as full:
        said = done(*command.split(), stdout=full)

    assert said.returncode == 2
    assert said.stderr == "Error: the result cannot be written: No space left on device\n"


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_do_no_harm(project, redirection):
    script = f"{' '.join(PROGRAM)} run ok.yaml {redirection}"
    shell = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)

    assert shell.returncode == 0, shell.stderr
    assert "Traceback" not in shell.stderr


def test_a_poor_environment_is_enough(project):
    said = done("run", "ok.yaml", env={"LC_ALL": "C", "PATH": os.environ["PATH"]})

    assert said.returncode == 0, said.stderr
    assert said.stdout == "said: hi\nsize: 2\n"


def through_a_terminal(project, *arguments, environment):
    """Run the command at a terminal of 80 columns; return its exit code and all it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [*PROGRAM, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, cwd=project,
        # On a CI machine progress is plain lines even in a terminal.
        env={**os.environ, "CI": "", "TERM": "xterm-256color", **environment},
    )  # fmt: skip
    os.close(theirs)
    text = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            text += os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
    os.close(ours)
    return process.wait(timeout=20), text.decode()


def test_a_terminal_shows_progress_as_it_happens(project, monkeypatch):
    monkeypatch.delenv("NO_COLOR")
    (project / "slow.yaml").write_text("ciranda: 1\nsteps: {nap: {run: [sleep, '0.4']}}\n")

    code, text = through_a_terminal(project, "run", "slow.yaml", environment={})

    assert code == 0
    assert "\x1b[?25l" in text  # the cursor hides while the display is live
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "0/1 steps" in text
    assert "✓ slow succeeded" in text


def test_no_color_is_obeyed_at_a_terminal(project):
    code, text = through_a_terminal(project, "run", "fail.yaml", environment={"NO_COLOR": "1"})

    assert code == 1
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|9[0-7])[0-9;]*m", text)


def test_a_trace_at_a_terminal_is_coloured(project, monkeypatch):
    monkeypatch.delenv("NO_COLOR")
    assert done("run", "fail.yaml", "-q").returncode == 1

    code, text = through_a_terminal(project, "trace", "last", environment={})

    assert code == 0
    assert "\x1b[" in text
