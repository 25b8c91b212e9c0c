"""`program.run`: what a step's `run:` does.

A failure has the kind `exit.N`, as a shell numbers it: `exit.127` is a program that does not
exist, `exit.126` one that cannot be executed, `exit.137` one that was killed by signal 9.
"""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Annotated, Any, Final, Literal, TypedDict

import anyio
import msgspec
from anyio.abc import Process

from ciranda.actions import Action, action
from ciranda.context import Context
from ciranda.errors import StepError
from ciranda.hooks import hookimpl
from ciranda.std.streams import KEPT, Captured, feed
from ciranda.std.tree import Tree
from ciranda.std.warden import Warden, open_warden

CIRANDA_API = (1, 0)
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
_GRACE: Final = 0.5  # seconds between asking a cancelled program to end and killing it
_LAST_WORDS: Final = 0.25  # seconds that a background child may hold the output open
_SHOWN: Final = 2_000  # characters of output in the detail of a failure
_NOT_FOUND: Final = 127
_NOT_EXECUTABLE: Final = 126

Parse = Literal["text", "lines", "json", "jsonl"]


class Finished(TypedDict):
    """What a program left behind; of long output the first MiB, of `stderr` the last."""

    code: int
    stdout: str
    stderr: str
    data: Any
    truncated: bool
    stdout_bytes: int
    stderr_bytes: int


@action("program.run", errors={"exit.126": False, "exit.127": False})
async def run(  # noqa: PLR0913, PLR0917  (these are the keys beside `run:`)
    argv: list[Any] | None = None,
    command: str | None = None,
    shell: bool = False,
    stdin: Any = None,
    cwd: Path | None = None,
    parse: Parse | None = None,
    ok_codes: list[int] | None = None,
    env: dict[str, Any] | None = None,
    inherit_env: bool | list[str] = False,
    ctx: Context | None = None,
    warden: Annotated[Warden | None, open_warden] = None,
) -> Finished:
    """Run a program and wait for it and for everything that it starts.

    Its environment is PATH, HOME, LANG, TZ and TMPDIR of the caller, what the workflow
    declares, TRACEPARENT, and CIRANDA_IDEMPOTENCY_KEY if the step has one. What it starts is
    killed with it, also when it ends by itself.

    Args:
        argv: The program and its arguments, each one word whatever is in it.
        command: In place of `argv`: text that is split into words as a shell would.
        shell: Hand `command` to `/bin/sh` instead of splitting it.
        stdin: Text or bytes to read; anything else is sent as JSON; nothing if left out.
        cwd: Folder it starts in; relative to the workflow file.
        parse: How `data` is made of what it prints.
        ok_codes: Exit codes that are no failure; 0 if left out.
        env: Variables in addition to those declared for the step.
        inherit_env: True for the caller's whole environment, or names of variables.
        ctx: The step.
        warden: Ends the program if the engine is killed.

    Returns:
        Exit code, what it printed, and the parsed `data`.
    """
    words = _words(argv, command, shell=shell)
    folder = _folder(cwd, ctx)
    environment = _environment(env or {}, inherit_env, ctx)
    # Cancelled half-way, asyncio would kill the program and not what that has started by then.
    with anyio.CancelScope(shield=True):
        process = await _start(words, folder, environment, has_input=stdin is not None)
    mask = None if ctx is None else ctx.mask
    out = Captured(_teller(ctx, "stdout"), keep_end=False, mask=mask)
    err = Captured(_teller(ctx, "stderr"), keep_end=True, mask=mask)
    watched = nullcontext() if warden is None else warden.watching(process.pid)
    with watched, Tree(process) as tree:
        try:
            await _attend(process, tree, stdin, out, err)
        finally:
            if process.returncode is None:
                await tree.end(_GRACE)
            tree.kill()
            with anyio.CancelScope(shield=True):
                await process.aclose()
    code = _exit_code(process)
    if code not in (ok_codes or [0]):
        raise _failed(words[0], code, process.returncode or 0, out, err)
    return Finished(
        code=code,
        stdout=out.text(),
        stderr=err.text(),
        data=_parsed(out, parse) if parse is not None else None,
        truncated=out.truncated or err.truncated,
        stdout_bytes=out.total,
        stderr_bytes=err.total,
    )


async def _attend(process: Process, tree: Tree, stdin: Any, out: Captured, err: Captured) -> None:
    """Feed and drain the program until it has ended, and its output soon after."""
    assert process.stdout is not None
    assert process.stderr is not None
    async with anyio.create_task_group() as around, anyio.create_task_group() as drains:
        if process.stdin is not None:
            around.start_soon(feed, process.stdin, _input(stdin))
        drains.start_soon(out.drain, process.stdout)
        drains.start_soon(err.drain, process.stderr)
        await process.wait()
        around.cancel_scope.deadline = anyio.current_time() + _LAST_WORDS
    tree.kill()


async def _start(
    words: list[str], folder: Path, environment: dict[str, str], *, has_input: bool
) -> Process:
    try:
        return await anyio.open_process(
            words,
            stdin=PIPE if has_input else DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            cwd=folder,
            env=environment,
            start_new_session=True,  # a group of its own, to be killed as one
        )
    except FileNotFoundError:
        if not await anyio.Path(folder).is_dir():
            raise _invalid(f'The folder "{folder}" for {words[0]} does not exist.') from None
        raise _unstartable(words[0], "does not exist", _NOT_FOUND) from None
    except NotADirectoryError:
        raise _invalid(f'The folder "{folder}" for {words[0]} is a file.') from None
    except ValueError as error:  # a NUL in a word, an `=` in the name of a variable
        raise _invalid(f"{words[0]!r} cannot be started: {error}.") from None
    except OSError as error:
        reason = (error.strerror or "refused by the system").lower()
        raise _unstartable(words[0], f"cannot be executed ({reason})", _NOT_EXECUTABLE) from None


def _words(argv: list[Any] | None, command: str | None, *, shell: bool) -> list[str]:
    if (argv is None) is (command is None):
        raise _invalid("program.run takes either `argv` or `command`.")
    if command is None:
        if shell:
            raise _invalid("A shell takes one text as `command`, not a list of words.")
        words = [_word(word, f"argv[{index}]") for index, word in enumerate(argv or [])]
    elif shell:
        return ["/bin/sh", "-c", command]
    else:
        try:
            words = shlex.split(command)
        except ValueError as error:
            reason = str(error).lower()
            raise _invalid(f"The command cannot be split into words: {reason}.") from None
    if not words or not words[0]:
        raise _invalid("There is no program to run: the command is empty.")
    return words


def _word(value: Any, name: str) -> str:
    """Write a value as one word: text as it is, bytes as the system reads them, else JSON."""
    if value is None:
        raise _invalid(f"{name} is null; give a default with `??`.")
    if isinstance(value, str):
        return value
    return os.fsdecode(value) if isinstance(value, bytes) else msgspec.json.encode(value).decode()


def _input(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return value if isinstance(value, bytes) else msgspec.json.encode(value) + b"\n"


def _folder(cwd: Path | None, ctx: Context | None) -> Path:
    base = ctx.run.base if ctx is not None else Path()
    return (base / cwd if cwd is not None else base).absolute()


def _environment(
    env: Mapping[str, Any], inherit: bool | list[str], ctx: Context | None
) -> dict[str, str]:
    if inherit is True:
        environment = dict(os.environ)
    else:
        names = (*_PASSED_ON, *(inherit or ()))
        environment = {name: os.environ[name] for name in names if name in os.environ}
    if ctx is not None:
        environment.update(ctx.env)
        if ctx.traceparent:
            environment["TRACEPARENT"] = ctx.traceparent
        if ctx.own_key:
            environment["CIRANDA_IDEMPOTENCY_KEY"] = ctx.own_key
    for name, value in env.items():
        environment[name] = _word(value, f"env.{name}")
    return environment


def _teller(ctx: Context | None, stream: str) -> Any:
    return None if ctx is None else lambda data: ctx.output(stream, data)


def _exit_code(process: Process) -> int:
    code = process.returncode
    assert code is not None
    return code if code >= 0 else 128 - code  # the way shells count signals


def _failed(program: str, code: int, returncode: int, out: Captured, err: Captured) -> StepError:
    if returncode < 0:
        ending = f"was killed by {signal.Signals(-returncode).name}"
    else:
        ending = f"ended with code {code}"
    printed = err.text().strip() or out.text().strip()
    last = printed.rpartition("\n")[2].strip()
    return StepError(
        f"exit.{code}",
        f"`{program}` {ending}{f': {last[:200]}' if last else '.'}",
        detail={"code": code, "stdout": out.text()[:_SHOWN], "stderr": err.text()[-_SHOWN:]},
    )


def _unstartable(program: str, reason: str, code: int) -> StepError:
    return StepError(f"exit.{code}", f"`{program}` {reason}.", detail={"code": code})


def _invalid(message: str) -> StepError:
    return StepError("invalid-input", message, retryable=False)


def _parsed(out: Captured, parse: Parse) -> Any:
    text = out.text()
    if parse == "text":
        return text.removesuffix("\n")
    if out.truncated:
        raise StepError(
            "limit",
            f"The program printed {out.total} bytes, and at most {KEPT} can be parsed.",
            retryable=False,
        )
    # Not splitlines: U+2028 and its like may stand inside a line, and inside JSON.
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []
    if parse == "lines":
        return lines
    if parse == "json":
        return _json(text, "What the program printed")
    return [
        _json(line, f"Line {number} of what the program printed")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]


def _json(text: str, what: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise StepError(
            "invalid-output", f"{what} is not JSON: {error}.", retryable=False
        ) from None
    except RecursionError:
        raise StepError(
            "invalid-output", f"{what} is JSON that nests too deep.", retryable=False
        ) from None


@hookimpl
def actions() -> list[Action]:
    """Offer `program.run`."""
    return [run]
