"""What the hundred steps do: each leaves a line outside of the store when it has its effect."""

import os

import anyio
import anyio.lowlevel

from ciranda import Context, StepError, action, hookimpl


def leave(ctx: Context) -> None:
    """Add a line that survives any kill: who, which attempt, under which key."""
    line = f"{ctx.path} {ctx.attempt} {ctx.key}\n".encode()
    out = os.open(ctx.run.base / "effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(out, line)
    finally:
        os.close(out)


@action("acts.add")
async def add(n: int, ctx: Context) -> int:
    """Add one, remainder 9973."""
    leave(ctx)
    await anyio.lowlevel.checkpoint()
    return (n * 31 + 1) % 9973


@action("acts.block")
def block(n: int, ctx: Context) -> int:
    """The same in a thread."""
    leave(ctx)
    return (n * 17 + 3) % 9973


@action("acts.flaky", errors={"acts.busy": True})
async def flaky(n: int, ctx: Context) -> int:
    """Succeed at the second attempt."""
    leave(ctx)
    if ctx.attempt == 1:
        raise StepError("unavailable", "not yet")
    return n + ctx.attempt


@action("acts.once", errors={"acts.busy": True})
async def once(n: int, ctx: Context) -> int:
    """Fail the first time that it is asked, whoever asks."""
    leave(ctx)
    marker = ctx.run.base / f"once-{n}"
    if not marker.exists():
        marker.touch()
        raise StepError("acts.busy", "not the first time")
    return n


@action("acts.bad", errors={"acts.broken": False})
async def bad(ctx: Context) -> int:
    """Fail."""
    leave(ctx)
    raise StepError("acts.broken", "it never works")


@action("acts.gate")
async def gate(ctx: Context) -> int:
    """Wait until somebody makes a file `gate`; say first who waits there."""
    (ctx.run.base / f"waits-{os.getpid()}").touch()
    while not (ctx.run.base / "gate").exists():  # noqa: ASYNC110  (another process makes it)
        await anyio.sleep(0.005)
    leave(ctx)
    return os.getpid()


@hookimpl
def actions() -> list[object]:
    """Offer them."""
    return [add, bad, block, flaky, gate, once]
