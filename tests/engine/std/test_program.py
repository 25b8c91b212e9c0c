"""`program.run`: programs are started exactly, heard fully, and never left behind."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from ciranda.context import Context, RunInfo
from ciranda.errors import StepError
from ciranda.std.program import run

pytestmark = pytest.mark.anyio

PYTHON = sys.executable


class Listening:
    """A host that keeps what the program prints, and refuses everything else."""

    def __init__(self) -> None:
        import threading

        self.thread = threading.get_ident()
        self.heard: list[tuple[str, bytes]] = []

    def output(self, ctx, stream, data) -> None:
        self.heard.append((stream, data))

    def mask(self, text: str) -> str:
        return text

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def context(host: Any, base: Path, **more: Any) -> Context:
    return Context(host, RunInfo("r", "flow", base, base), "s", "s", **more)


async def python(code: str, *words: Any, **options: Any) -> dict[str, Any]:
    out: dict[str, Any] = await run([PYTHON, "-I", "-S", "-c", code, *words], **options)
    return out


async def test_what_a_program_prints_is_its_output():
    out = await python("import sys; print('a'); print('b', file=sys.stderr)")

    assert out == {
        "code": 0,
        "stdout": "a\n",
        "stderr": "b\n",
        "data": None,
        "truncated": False,
        "stdout_bytes": 2,
        "stderr_bytes": 2,
    }
    assert run.finish(out) == out


@pytest.mark.parametrize(
    ("parse", "printed", "data"),
    [
        ("text", "a b\n", "a b"),
        ("lines", "a\r\nb\u2028c\n\nd", ["a", "b\u2028c", "", "d"]),
        ("lines", "", []),
        ("json", ' {"a": [1, 2.5, null]}\n', {"a": [1, 2.5, None]}),
        ("jsonl", '{"a": 1}\n\n[2]\n', [{"a": 1}, [2]]),
    ],
)
async def test_output_is_parsed_as_asked(parse, printed, data):
    out = await python(
        "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())", stdin=printed, parse=parse
    )

    assert out["data"] == data


@pytest.mark.parametrize(
    ("parse", "printed", "sentence"),
    [
        ("json", "nope", "^What the program printed is not JSON"),
        ("json", "[NaN]", "is not JSON"),
        ("jsonl", "1\n{\n", "^Line 2 of what the program printed is not JSON"),
    ],
)
async def test_output_that_does_not_parse_is_an_invalid_output(parse, printed, sentence):
    with pytest.raises(StepError, match=sentence) as caught:
        await run(["cat"], stdin=printed, parse=parse)

    assert caught.value.kind == "invalid-output"


async def test_an_exit_code_is_a_kind_and_the_last_words_are_told():
    with pytest.raises(StepError, match=r"ended with code 3: it is full$") as caught:
        await python(
            "import sys; print('x'); print('why\\nit is full', file=sys.stderr); sys.exit(3)"
        )

    assert caught.value.kind == "exit.3"
    assert caught.value.detail == {"code": 3, "stdout": "x\n", "stderr": "why\nit is full\n"}


async def test_other_exit_codes_can_be_fine():
    out = await run(["sh", "-c", "exit 3"], ok_codes=[0, 3])

    assert out["code"] == 3


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        (["nope-nope"], "exit.127", "^`nope-nope` does not exist.$"),
        (["/etc"], "exit.126", r"^`/etc` cannot be executed \(permission denied\).$"),
        (["sh", "-c", "kill -9 $$"], "exit.137", "^`sh` was killed by SIGKILL.$"),
        (["sh", "-c", "nope-nope"], "exit.127", "not found"),
    ],
)
async def test_what_does_not_run_is_numbered_as_a_shell_does(words, kind, sentence):
    with pytest.raises(StepError, match=sentence) as caught:
        await run(words)

    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({}, "takes either `argv` or `command`"),
        ({"argv": ["a"], "command": "a"}, "takes either `argv` or `command`"),
        ({"argv": ["a"], "shell": True}, "A shell takes one text as `command`"),
        ({"argv": []}, "the command is empty"),
        ({"command": " "}, "the command is empty"),
        ({"command": "a 'b"}, "cannot be split into words: no closing quotation"),
        ({"argv": ["a", None]}, r"^argv\[1\] is null; give a default"),
        ({"argv": ["a\0b"]}, "cannot be started: embedded null byte"),
        ({"argv": ["a"], "env": {"A=B": "x"}}, "cannot be started: illegal environment"),
        ({"argv": ["true"], "cwd": Path("/nope")}, '^The folder "/nope" for true does not exist'),
        ({"argv": ["true"], "cwd": Path("/etc/passwd")}, "is a file"),
    ],
)
async def test_a_mistake_in_the_inputs_is_one_sentence(inputs, sentence):
    with pytest.raises(StepError, match=sentence) as caught:
        await run(**inputs)

    assert caught.value.kind == "invalid-input"


async def test_words_of_other_types_are_written_as_json():
    code = "import sys; print(sys.argv[1:])"
    out = await python(code, 1, 2.5, True, {"a": [1]}, "x y", b"raw")

    assert out["stdout"] == "['1', '2.5', 'true', '{\"a\":[1]}', 'x y', 'raw']\n"


@pytest.mark.parametrize(
    ("stdin", "read"), [("é", b"\xc3\xa9"), (b"\xff", b"\xff"), ({"a": 1}, b'{"a":1}\n')]
)
async def test_stdin_is_text_bytes_or_json(stdin, read):
    out = await python("import sys; print(sys.stdin.buffer.read())", stdin=stdin)

    assert out["stdout"] == f"{read!r}\n"


async def test_without_stdin_there_is_nothing_to_read():
    assert (await run(["cat"]))["stdout"] == ""


async def test_the_environment_is_declared(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "x")
    monkeypatch.setenv("TZ", "UTC")
    ctx = context(Listening(), tmp_path, env={"A": "from ctx", "B": "b"}, traceparent="00-1-2-01")
    code = "import os, json; print(json.dumps(dict(os.environ)))"

    out = await python(code, env={"A": "1", "N": 7}, parse="json", ctx=ctx)

    seen = {name: value for name, value in out["data"].items() if name != "LC_CTYPE"}
    kept = {name for name in ("PATH", "HOME", "LANG", "TZ", "TMPDIR") if name in os.environ}
    assert set(seen) == kept | {"A", "B", "N", "TRACEPARENT"}
    assert (seen["A"], seen["N"], seen["TZ"]) == ("1", "7", "UTC")


@pytest.mark.parametrize(("inherit", "seen"), [(True, "x"), (["MINE"], "x"), (["OTHER"], "")])
async def test_more_of_the_environment_is_inherited_when_asked(inherit, seen, monkeypatch):
    monkeypatch.setenv("MINE", "x")

    out = await run(["sh", "-c", 'printf %s "$MINE"'], inherit_env=inherit)

    assert out["stdout"] == seen


async def test_folders_start_from_that_of_the_workflow(tmp_path):
    (tmp_path / "sub").mkdir()
    ctx = context(Listening(), tmp_path)

    assert (await run(["pwd"], ctx=ctx))["stdout"] == f"{tmp_path}\n"
    assert (await run(["pwd"], cwd=Path("sub"), ctx=ctx))["stdout"] == f"{tmp_path}/sub\n"


async def test_a_real_shell_is_used_when_asked():
    assert (await run(None, "echo a | tr a b; echo c", shell=True))["stdout"] == "b\nc\n"
    assert (await run(None, "echo a '|' b"))["stdout"] == "a | b\n"


async def test_fifty_megabytes_are_counted_and_a_mebibyte_is_kept(tmp_path):
    host = Listening()
    code = (
        "import sys\n"
        "line = b'x' * 99 + b'\\n'\n"
        "for _ in range(500): sys.stdout.buffer.write(line * 1000)\n"
        "sys.stderr.write('e' * 3_000_000 + 'end')\n"
    )

    out = await python(code, ctx=context(host, tmp_path))

    assert (out["stdout_bytes"], out["stderr_bytes"]) == (50_000_000, 3_000_003)
    assert out["truncated"]
    assert out["stdout"] == ("x" * 99 + "\n") * 10_485 + "x" * 76
    assert len(out["stderr"]) == 1_048_576
    assert out["stderr"].endswith("eend")
    assert sum(len(data) for stream, data in host.heard if stream == "stdout") == 50_000_000
    assert all(data.endswith(b"\n") for stream, data in host.heard if stream == "stdout")


async def test_output_that_was_cut_is_not_parsed():
    with pytest.raises(StepError, match="printed 2000000 bytes, and at most 1048576") as caught:
        await python("print('1' * 1999999)", parse="json")

    assert caught.value.kind == "limit"


async def test_lines_are_heard_whole_however_they_are_written(tmp_path):
    host = Listening()
    code = (
        "import sys, time\n"
        "for part in ('hun', 'ter22\\nse', 'cond'):\n"
        "    sys.stdout.write(part); sys.stdout.flush(); time.sleep(0.03)\n"
    )

    await python(code, ctx=context(host, tmp_path))

    assert host.heard == [("stdout", b"hunter22\n"), ("stdout", b"second")]


async def test_a_large_stdin_and_a_large_output_do_not_block_each_other():
    data = os.urandom(8_000_000)

    out = await python(
        "import sys\nwhile d := sys.stdin.buffer.read(65536): sys.stdout.buffer.write(d)",
        stdin=data,
    )

    assert out["stdout_bytes"] == len(data)


@pytest.mark.parametrize("code", ["pass", "import os, time; os.close(0); time.sleep(0.1)"])
async def test_a_program_may_leave_its_stdin_unread(code):
    assert (await python(code, stdin=b"x" * 5_000_000))["code"] == 0


async def test_a_program_may_close_its_output_and_go_on():
    code = "import os, time; os.close(1); os.close(2); time.sleep(0.2); os._exit(4)"

    with pytest.raises(StepError, match="ended with code 4"):
        await python(code)


async def test_bytes_that_are_no_text_are_replaced():
    out = await python("import sys; sys.stdout.buffer.write(b'a\\xff\\xfe\\xc3\\x00b')")

    assert out["stdout"] == "a\ufffd\ufffd\ufffd\0b"
    assert run.finish(out) == out


async def test_json_that_nests_without_end_is_an_invalid_output():
    with pytest.raises(StepError, match="nests too deep") as caught:
        await run(["cat"], stdin="[" * 100_000, parse="json")

    assert caught.value.kind == "invalid-output"
