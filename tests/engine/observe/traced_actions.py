"""Actions that report spans of their own, in the engine's process and in a worker."""

import base64

from opentelemetry import trace

from ciranda import Context, action, hookimpl

TRACER = trace.get_tracer("measuring")


@action("my.crunch", executor="process")
def crunch(n: int, ctx: Context, token: str = "") -> dict[str, int | str]:
    with TRACER.start_as_current_span("crunching") as span:
        span.set_attribute("token", token)
        with TRACER.start_as_current_span("deep inside") as inner:
            inner.add_event("seen", {"encoded": base64.b64encode(token.encode()).decode()})
            ctx.log.info("crunched", n=n, token=token)
            print("printed", token)  # noqa: T201  (what a step prints is the step's output)
        return {"square": n * n, "token": token}


@action("my.soft")
async def soft(n: int) -> int:
    with TRACER.start_as_current_span("soft"):
        return n


@action("my.threaded", executor="thread")
def threaded(n: int) -> int:
    with TRACER.start_as_current_span("threaded"):
        return n


@action("my.refuse")
def refuse(token: str) -> None:
    raise ValueError(f"the token {token} is refused")


@hookimpl
def actions():
    return [crunch, soft, threaded, refuse]
