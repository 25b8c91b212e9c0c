"""Whatever a person mistypes is answered by one sentence that names it, and exit code 2."""

import os

import pytest

from ciranda.cli.commands import SUMMARIES
from ciranda.discovery import Entry

QUITS = "ciranda: 1\nplugins: [./acts.py]\nsteps:\n  a: {uses: t.quit}\n"
RUN_COMMANDS = ["show", "logs", "trace", "cancel", "resume", "graph"]


INTERRUPTING = """\
from ciranda import action, hookimpl

{at_import}

@action("t.quit")
def quit():
    raise KeyboardInterrupt

@hookimpl
def actions():
    return [quit]
"""


@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_plugin_that_interrupts_itself_at_import_is_named(cli, project, command):
    (project / "acts.py").write_text(INTERRUPTING.format(at_import="raise KeyboardInterrupt"))
    (project / "q.yaml").write_text(QUITS)

    said = cli(command, "q.yaml", code=2)

    assert "plugin 'acts.py' cannot be imported: KeyboardInterrupt (" in said.err


@pytest.mark.parametrize("executor", ["inline", "thread"])
def test_an_action_that_interrupts_itself_fails_its_step(cli, project, executor):
    (project / "acts.py").write_text(INTERRUPTING.format(at_import=""))
    (project / "q.yaml").write_text(QUITS.replace("t.quit", f"t.quit, executor: {executor}"))

    said = cli("run", "q.yaml", "-o", "json", code=1)

    assert said.data["status"] == "failed"
    assert "crash: KeyboardInterrupt: KeyboardInterrupt (" in said.err


@pytest.fixture
def broken(project):
    (project / "junk.yaml").write_bytes(b"\x7fELF\x02" + bytes(range(256)) * 20)
    (project / "counted.yaml").write_bytes(bytes(range(256)) * 20)
    (project / "wide.yaml").write_bytes("ciranda: 1".encode("utf-16-be"))
    (project / "wider.yaml").write_bytes("# olá".encode("utf-32-le"))
    (project / "empty.yaml").write_text("")
    (project / "list.yaml").write_text("[1, 2]")
    (project / "huge.yaml").write_text("# long\n" * 200_000)
    (project / "deep.yaml").write_text("a: " + "[" * 500 + "]" * 500)
    (project / "folder.yaml").mkdir()
    (project / "typo.yaml").write_text("ciranda: 1\nsteps:\n  a: {uses: data.read, wiht: {}}\n")
    (project / "latin.yaml").write_bytes("name: caf\xe9".encode("latin-1"))
    os.mkfifo(project / "pipe.yaml")
    return project


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("okk.yaml", "okk.yaml: there is no such file (did you mean `ok.yaml`?)"),
        ("wxyz.yaml", "wxyz.yaml: there is no such file\n"),
        ("gone/a.yaml", "gone/a.yaml: there is no such file (there is no folder gone either)"),
        ("junk.yaml", "junk.yaml:1:6: the file holds a NUL character: it is not a text file"),
        ("counted.yaml", "counted.yaml:1:1: the file holds a NUL character: it is not a text file"),
        ("wide.yaml", "wide.yaml: the file is UTF-16 or UTF-32 (save it as UTF-8)"),
        ("wider.yaml", "wider.yaml: the file is UTF-16 or UTF-32 (save it as UTF-8)"),
        ("empty.yaml", "empty.yaml:1:1: the file is empty"),
        ("list.yaml", "list.yaml:1:1: "),
        ("huge.yaml", "huge.yaml: the file is larger than 1 MiB"),
        ("deep.yaml", "deep.yaml:1:"),
        ("folder.yaml", "folder.yaml: the file cannot be read: is a directory"),
        ("pipe.yaml", "pipe.yaml: this is a pipe, a device or a socket, not a file"),
        ("typo.yaml", "step `a` has no key `wiht` (did you mean `with`?)"),
        ("latin.yaml", "byte 0xe9 is not UTF-8 (save the file as UTF-8)"),
        ("a\0b.yaml", "the file's name holds a NUL character"),
    ],
)
@pytest.mark.parametrize("command", ["run", "validate", "graph", "schema", "run --dry-run"])
def test_a_file_that_is_none_is_named_with_what_is_wrong(cli, broken, command, name, sentence):
    said = cli(*command.split(), name, code=2)

    assert sentence in said.err
    assert "Error: 1 fault in " in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("rnu ok.yaml", "there is no command `rnu`; did you mean `run`?"),
        ("qqqqq", "there is no command `qqqqq`; `ciranda --help` lists them"),
        ("ok.yaml", "there is no command `ok.yaml`; to run the file: `ciranda run ok.yaml`"),
        ("--nope", "No such option '--nope'."),
        ("run", "Missing argument 'FILE'."),
        ("run ok.yaml extra", "Got unexpected extra argument (extra)"),
        ("run ok.yaml --dry-rnu", "Did you mean '--dry-run'?"),
        ("run ok.yaml -i", "Option '-i' requires an argument."),
        ("run ok.yaml -i word", "`-i word` is no input: write `-i name=value`"),
        ("run ok.yaml -i =1", "`-i =1` is no input: write `-i name=value`"),
        ("run ok.yaml -i word=1 -i word=2", "input `word` is given twice: leave one out"),
        ("run ok.yaml -i wrod=1", "has no input `wrod`"),
        ("run ok.yaml -i times=many", "`times` must be a whole number"),
        ("run ok.yaml -i times=9", "`times` must be at most 3, not `9`"),
        ("run ok.yaml -i word=@gone", "input `word` cannot be read: gone: no such file"),
        ("run ok.yaml -i word=@", "names no file: write `@file`, or `@@` for a text"),
        ("run ok.yaml -i word=@/dev/zero", "input `word` is larger than 64 MiB: give the path"),
        ("run ok.yaml --inputs-file gone", "the inputs file cannot be read: gone: no such"),
        ("run ok.yaml --inputs-file list", "the inputs file list must be a mapping"),
        ("run ok.yaml -o xml", "'xml' is not one of 'text', 'json'."),
        ("run ok.yaml --durability some", "'some' is not one of 'power', 'process', 'off'."),
        ("run ok.yaml --store ok.yaml", "ok.yaml/.ciranda cannot be made"),
        ("validate", "Missing argument 'FILE...'."),
        ("runs zz", "no command `ciranda runs zz`; there is `ciranda runs prune`"),
        ("runs prnue", "did you mean `ciranda runs prune`?"),
        ("runs -n 0", "0 is not in the range x>=1."),
        ("runs --status odd", "'odd' is not one of 'running', 'waiting'"),
        ("runs prune --older 1", "`--older 1`: `1` is not a duration"),
        ("plugins enalbe x", "did you mean `ciranda plugins enable`?"),
        ("plugins enable", "Missing argument 'NAME'."),
        ("plugins enable dtaa", "no plugin `dtaa` is installed; did you mean `data`?"),
        ("plugins enable zz", "no plugin `zz` is installed; try `pip install ciranda-zz`"),
        ("actions data.raed", "there is no action `data.raed`; did you mean `data.read`?"),
        ("actions zz", "there is no plugin 'zz': run `pip install ciranda-zz`"),
        ("actions data.qqqqqqqq", "there is no action `data.qqqqqqqq`; `ciranda actions` lists"),
        ("completion", "Missing argument 'SHELL'. Choose from: bash, zsh, fish"),
        ("completion tcsh", "'tcsh' is not one of 'bash', 'zsh', 'fish'."),
        ("eval", "Missing argument 'EXPR'."),
        ("eval 1+", "the expression ends too early\n    1+\n      ^"),
        ("eval foo", "unknown name 'foo'\n    foo\n    ^"),
        ("eval inputs.n", "there is no property 'n'"),
        ("eval ${{1", "is never closed by '}}'"),
        ("eval 1/0", "division by zero"),
        ("schema -o folder", "folder cannot be written: is a directory"),
        ("init ok.yaml", "ok.yaml is a file: name a folder"),
        ("doctor x", "Got unexpected extra argument (x)"),
    ],
)  # fmt: skip
def test_nonsense_gets_a_sentence(cli, project, words, sentence):
    (project / "list").write_text("[1]")
    (project / "folder").mkdir()

    said = cli(*words.split(), code=2)

    assert sentence in said.err
    assert said.out == ""


@pytest.mark.parametrize("command", [*RUN_COMMANDS, "run", "validate", "schema", "init"])
def test_an_empty_argument_is_noticed(cli, command):
    assert "is given as an empty text" in cli(command, "", code=2).err


@pytest.mark.parametrize("command", RUN_COMMANDS)
def test_without_a_store_there_are_no_runs(cli, project, command):
    said = cli(command, "last", code=2)

    assert f"there are no runs in {project}/.ciranda yet: `ciranda run FILE` makes one" in said.err
    assert not (project / ".ciranda").exists()


@pytest.mark.parametrize("command", RUN_COMMANDS)
def test_an_unknown_run_is_answered_by_the_nearest(cli, command):
    cli("run", "ok.yaml", "-q")
    run = cli("runs", "-o", "json").data[0]["run"]
    wrong = run[:-1] + ("2" if run[-1] != "2" else "3")

    assert f"no run is called '{wrong}': did you mean {run}?" in cli(command, wrong, code=2).err
    assert "no run is called 'zzz': `ciranda runs` lists them" in cli(command, "zzz", code=2).err


@pytest.mark.parametrize("command", ["runs", "show last", "resume last", "run ok.yaml", "doctor"])
def test_a_store_that_is_none_is_named(cli, project, command):
    (project / ".ciranda").mkdir()
    (project / ".ciranda" / "ciranda.db").write_bytes(b"junk" * 5000)

    said = cli(*command.split(), code=1 if command == "doctor" else 2)

    assert ".ciranda/ciranda.db" in said.out + said.err


def test_settings_that_do_not_fit_stop_every_command_that_reads_them(cli, project):
    (project / "ciranda.toml").write_text("[store\n")

    for words in (["run", "ok.yaml"], ["validate", "ok.yaml"], ["runs"], ["plugins"], ["actions"]):
        said = cli(*words, code=2)
        assert "ciranda.toml" in said.err + said.out


def test_a_plugin_that_fails_to_import_is_one_fault(cli, project):
    (project / "bad.py").write_text("1 / 0\n")
    (project / "use.yaml").write_text(
        "ciranda: 1\nplugins: [./bad.py]\nsteps: {a: {uses: bad.x}}\n"
    )

    assert "bad.py" in cli("validate", "use.yaml", code=2).err
    assert "bad.py" in cli("run", "use.yaml", code=2).err


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("./gone.py", "plugin './gone.py': there is no file"),
        ("./bad.py", "plugin 'bad.py' cannot be imported: ZeroDivisionError"),
        ("nope", "there is no plugin 'nope'"),
        ("nope=>1", "plugin 'nope=>1' is not a name with versions"),
    ],
)
@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_plugin_that_cannot_be_used_is_shown_where_it_is_listed(
    cli, project, command, entry, sentence
):
    (project / "bad.py").write_text("1 / 0\n")
    (project / "fine.py").write_text("")
    (project / "use.yaml").write_text(
        f"ciranda: 1\nplugins:\n  - ./fine.py\n  - {entry}\nsteps: {{a: {{run: echo}}}}\n"
    )

    said = cli(command, "use.yaml", code=2).err

    assert f"use.yaml:4:5: {sentence}" in said
    assert f"\n      - {entry}\n        ^\n" in said


def test_every_command_refuses_an_unknown_option(cli):
    for name in SUMMARIES:
        assert "--nonsense" in cli(name, "--nonsense", code=2).err


def test_the_doctor_tells_a_section_that_is_near_to_one_of_a_plugin(cli, project, monkeypatch):
    plugins = [Entry("experts", "ciranda_none", "ciranda", "ciranda-none", "1", project)]
    monkeypatch.setattr("ciranda.discovery.discover", lambda: plugins)
    (project / "ciranda.toml").write_text("[expert]\n[slack]\n")

    said = cli("doctor").out

    assert "no plugin reads the section [expert]; did you mean [experts]?" in said
    assert "[slack]" not in said
