"""`ciranda skills run`: what it hands over, what it prints, how it ends."""

import io
import json
import os
import sys

import pytest

from ciranda_skills.commands.line import line

from .commanding import CASES, cli, copied, project, told
from .running_stage import below_us, make_skill, wait_until_gone

__all__ = ["cli", "project", "told"]

ECHO = """
import json, os, sys
print(json.dumps({"args": sys.argv[1:], "stdin": sys.stdin.read(), "env": os.environ.get("A")}))
"""


@pytest.fixture
def echo(tmp_path):
    return make_skill(tmp_path, {"scripts/main.py": ECHO}).root


@pytest.fixture(autouse=True)
def nothing_survives():
    before = below_us()
    yield
    assert wait_until_gone(before) == set()


def test_arguments_variables_and_text_reach_the_script(told, echo):
    found = told("run", echo, "--stdin", "héllo", "--env", "A=b=c", "--", "--flag", "", "a b")

    assert found["json"] == {"args": ["--flag", "", "a b"], "stdin": "héllo", "env": "b=c"}


def test_stdin_is_a_file_our_own_a_text_or_nothing(told, echo, project, monkeypatch):
    (project / "in.txt").write_text("of a file")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"of ours")))

    given = ["@in.txt", "-", "@@at"]
    found = [told("run", echo, "--stdin", each)["json"]["stdin"] for each in given]

    assert found == ["of a file", "of ours", "@at"]
    assert told("run", echo)["json"]["stdin"] == ""


def test_input_that_does_not_end_is_refused_before_it_takes_all_memory(
    cli, echo, project, monkeypatch
):
    monkeypatch.setattr("ciranda_skills.commands.wishes._MOST", 1 << 20)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * (1 << 20) + b"y")))

    for option in ("--stdin=@/dev/zero", "--stdin=-", "--params=@/dev/zero"):
        said = cli("run", echo, option, code=2)
        assert f"{option.partition('=')[0]} gives more than 1 MiB" in said.err


def test_a_function_takes_parameters_and_what_it_returns_is_printed(cli, tmp_path, project):
    source = "def execute(n: int, by: int = 2):\n    return {'n': n * by}\n"
    root = make_skill(tmp_path, {"scripts/double.py": source}).root
    (project / "p.json").write_text('{"n": 4, "by": 3}')

    assert cli("run", root, "--params", '{"n": 4}').out == '{"n": 8}\n'
    assert cli("run", root, "--params", "@p.json").out == '{"n": 12}\n'
    wrong = cli("run", root, "--params", '{"m": 4}', code=2)
    assert "cannot take these parameters" in wrong.err


def test_people_see_both_streams_and_why_it_failed(cli):
    said = cli("run", CASES / "exit-three", code=1)

    assert said.out == "leaving\n"
    assert said.err == "why\nError: `scripts/leave.sh` ended with exit code 3\n"


def test_a_line_without_an_end_is_shown_too(cli, tmp_path):
    source = "import sys; sys.stderr.write('half'); sys.stdout.write('x')"
    root = make_skill(tmp_path, {"scripts/main.py": source}).root

    said = cli("run", root)

    assert (said.out, said.err) == ("x", "half\n")


def test_a_bound_cuts_what_is_kept_and_all_is_counted(told, cli, tmp_path):
    root = make_skill(tmp_path, {"scripts/main.py": "print('x' * 5000)"}).root

    found = told("run", root, "--max-output", 100)

    assert (len(found["stdout"]), found["stdout_total_bytes"], found["truncated"]) == (
        100, 5001, True,
    )  # fmt: skip
    assert "more than the 100 bytes" in cli("run", root, "--max-output", 100).err


def test_time_that_is_up_is_a_status_and_exit_code_1(told, tmp_path):
    root = make_skill(tmp_path, {"scripts/main.py": "import time; time.sleep(60)"}).root

    found = told("run", root, "--timeout", "0.2", code=1)

    assert (found["status"], found["signal"], found["exit_code"]) == ("timeout", 9, None)


def test_too_much_memory_is_a_status(told, tmp_path):
    root = make_skill(tmp_path, {"scripts/main.py": "x = b'x' * (300 << 20)"}).root

    found = told("run", root, "--memory-mb", "64", code=1)

    assert found["status"] == "killed_memory"


def test_a_sandbox_below_what_is_required_ends_with_6(told, cli, project, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))  # no bubblewrap

    found = told("run", CASES / "exit-three", "--require-sandbox", "L4", code=6)
    said = cli("run", CASES / "exit-three", "--require-sandbox", "L4", code=6)
    (project / "ciranda.toml").write_text('[skills]\nrequire = "L4"\n')
    by_settings = told("run", CASES / "exit-three", code=6)

    assert found["status"] == by_settings["status"] == "refused"
    assert "sandbox L4 is required" in said.err


def test_limits_of_the_settings_hold_unless_the_call_says_otherwise(told, tmp_path, project):
    (project / "ciranda.toml").write_text("[skills]\nmax_output = 3\n")
    root = make_skill(tmp_path, {"scripts/main.py": "print('12345')"}).root

    assert told("run", root)["stdout"] == "123"
    assert told("run", root, "--max-output", 4)["stdout"] == "1234"


def test_a_private_folder_has_as_much_room_as_the_settings_or_the_call_say(cli, tmp_path, project):
    (project / "ciranda.toml").write_text("[skills]\nfolder_files = 20\n")
    program = "cd; i=0; while [ $i -lt 30 ]; do mkdir $i || exit 1; i=$((i + 1)); done; echo all\n"
    root = make_skill(tmp_path, {"scripts/main.sh": program}).root

    assert "its private folder" in cli("run", root, code=1).err
    assert cli("run", root, "--folder-files", 40).out == "all\n"
    assert "is not in the range" in cli("run", root, "--folder-mb", 0, code=2).err


def test_a_network_that_the_settings_open_is_said_at_each_run(cli, tmp_path, project):
    (project / "ciranda.toml").write_text("[skills]\nnetwork = true\n")
    evals = '{"evals": [{"id": "a", "expect": {"exit_code": 0}}]}'
    root = make_skill(tmp_path, {"scripts/main.sh": "", "evals/evals.json": evals}).root
    said = "the network is open to `tried`: the project's settings say `network = true`\n"

    runs = [
        cli(command, root, *more).err for command in ("run", "test") for more in ([], ["-ojson"])
    ]
    wished = [cli(command, root, "--network").err for command in ("run", "test")]

    assert [run.count(said) for run in runs] == [1, 1, 1, 1]
    assert not any(said in run for run in wished)


def test_a_script_outside_of_the_skill_is_refused(told, cli):
    script = "../csv-glance/scripts/glance.py"

    found = told("run", CASES / "exit-three", "--script", script, code=2)

    assert (found["status"], found["exit_code"]) == ("refused", None)
    assert "leads out of the skill's folder" in cli(
        "run", CASES / "exit-three", "--script", script, code=2
    ).err  # fmt: skip


def test_a_skill_of_the_project_is_run_by_name_once_it_is_trusted(cli, told, project):
    root = copied("exit-three", project / ".agents/skills")

    refused = cli("run", "exit-three", code=2)
    cli("trust", "exit-three")
    found = told("run", "exit-three", "--", "0")
    (root / "scripts/leave.sh").write_text("echo edited\n")

    assert "not trusted as it is now" in refused.err
    assert found["stdout"] == "leaving\n"
    assert "not trusted as it is now" in cli("run", "exit-three", code=2).err


def test_naming_the_folder_is_consent(cli, project):
    copied("nameless", project / ".agents/skills")

    assert cli("run", ".agents/skills/nameless").out == "hi\n"


def test_a_name_that_nobody_has_is_said_with_the_nearest(cli, told):
    assert "there is no skill `csv-profil`: did you mean `csv-profile`?" in cli(
        "run", "csv-profil", code=2
    ).err  # fmt: skip
    assert told("run", "csv-profil", code=2)["status"] == "refused"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument"),
        ([""], "empty text"),
        (["x", "--timeout", "-1"], "seconds above 0"),
        (["x", "--timeout", "nan"], "seconds above 0"),
        (["x", "--timeout", "inf"], "seconds above 0"),
        (["x", "--timeout", "soon"], "not a valid float"),
        (["x", "--memory-mb", "0"], "0 is not in the range"),
        (["x", "--max-processes", "9" * 30], "is not in the range"),
        (["x", "--max-output", "-1"], "-1 is not in the range"),
        (["x", "--require-sandbox", "L9"], "'L9' is not one of"),
        (["x", "--stdin", "@"], "--stdin names no file"),
        (["x", "--stdin", "@nowhere"], "nowhere cannot be read: no such file"),
        (["x", "--params", "["], "--params is no JSON"),
        (["x", "--params", "[]"], "--params must be an object"),
        (["x", "--env", "A"], "write NAME=VALUE"),
        (["x", "--env", "1=2"], "write NAME=VALUE"),
        (["x", "--script", "a\0b"], "holds a NUL"),
        (["./nowhere"], "the folder nowhere cannot be read"),
        (["."], "holds no skill that can be loaded"),
    ],
)
def test_nonsense_is_one_sentence_and_exit_code_2(cli, arguments, said):
    found = cli("run", *arguments, code=2)

    assert said in found.err
    assert found.out == ""


def nested(depth):
    return '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--params", '{"n": 1e400}'], "parameters: n: inf is no number that JSON has"),
        (["--params", '{"n": [{"m": -1e999}]}'], "parameters: n.0.m: -inf is no number"),
        (["--params", nested(700)], "parameters: they are nested too deeply"),
        (["--stdin", '{"n": NaN}'], "parameters: n: nan is no number that JSON has"),
        (["--params", f'{{"n": [0, {10**30}]}}'], "sent: n.1: an integer of 100 bits is too"),
        (["--params", '{"n": "\\ud800"}'], "sent: n: `\\ud800` is not UTF-8"),
        (["--params", '{"\\ud800": 1}'], "sent: a name: `\\ud800` is not UTF-8"),
        (["--env", os.fsdecode(b"A=\xff")], "sent: env.A: `\\udcff` is not UTF-8"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_named_in_one_sentence(cli, tmp_path, given, said):
    root = make_skill(tmp_path, {"scripts/main.py": "def execute(**n): return 1"}).root

    found = cli("run", root, *given, code=2)

    assert said in found.err
    assert "codec" not in found.err


def test_a_path_that_is_not_utf_8_is_named_in_one_sentence(cli, tmp_path):
    root = make_skill(tmp_path / os.fsdecode(b"caf\xe9"), {"scripts/main.sh": "echo"}).root

    for command in (["run"], ["install"]):
        found = cli(*command, root, code=2)
        assert "caf\\udce9" in found.err
        assert "is not UTF-8: rename it" in found.err


def test_numbers_and_characters_that_json_hardly_has_are_printed_all_the_same(told, tmp_path):
    big = str(10**30)
    root = make_skill(tmp_path, {"scripts/main.py": f"print('[{big}, 1e5]')"}).root

    found = told("run", root)

    assert found["stdout"] == f"[{big}, 1e5]\n"
    assert json.dumps(found)


def test_a_value_that_64_bits_cannot_hold_is_a_line_too():
    assert (
        line({"big": 10**30, "half": "\ud800"})
        == '{"big":1000000000000000000000000000000,"half":"\\ud800"}'
    )


def test_what_a_script_needs_is_named_and_never_installed_unasked(cli, told, tmp_path, monkeypatch):
    source = "# /// script\n# dependencies = ['nobody-has-this']\n# ///\nprint(1)\n"
    root = make_skill(tmp_path, {"scripts/main.py": source}).root
    monkeypatch.setenv("PATH", str(tmp_path))

    said = cli("run", root, code=1)

    assert "`scripts/main.py` needs `nobody-has-this`" in said.err
    assert told("run", root, code=1)["status"] == "refused"
    assert "needs `nobody-has-this`: install uv" in cli("run", root, "--install", code=1).err
