"""From a request to a run: paths, tokens, events, and what callers are told."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Final, final

from ciranda.errors import InputError, StoreError
from ciranda.serve.cloudevent import event_of_request
from ciranda.serve.exchange import Answer, Request, refused
from ciranda.serve.health import Health
from ciranda.serve.lines import Lines
from ciranda.serve.refusal import RefusedError
from ciranda.serve.trigger import Triggering
from ciranda.serve.work import Accepted, Order

__all__ = ["Webhooks"]

Find = Callable[[str], tuple[str, Triggering] | None]
Accept = Callable[[Order], Awaitable[Accepted | None]]
_LONGEST: Final = 200  # characters of a path that nobody serves


@final
class Webhooks:
    """Answers requests.

    Args:
        find: Returns the file and the trigger of a path.
        accept: Keeps an order; None if there is no room.
        pause: Returns the seconds after which there may be room.
        health: Tells of the server itself.
        lines: Where requests are told of.
        new_id: Makes ids of runs.
    """

    def __init__(
        self,
        find: Find,
        accept: Accept,
        *,
        pause: Callable[[], int],
        health: Health,
        lines: Lines,
        new_id: Callable[[], str],
    ) -> None:
        self._find: Final = find
        self._accept: Final = accept
        self._pause: Final = pause
        self._health: Final = health
        self._lines: Final = lines
        self._new_id: Final = new_id

    async def __call__(self, request: Request) -> Answer:
        """Return the answer to a request."""
        try:
            answer = self._health.answer(request) or await self._begun(request)
        except RefusedError as refusal:
            answer = refused(refusal)
        except StoreError as error:
            self._health.failing = True
            self._lines.error("not accepted", path=request.path, why=str(error))
            answer = Answer(503, {"error": "the store cannot keep the event"}, {"retry-after": "5"})
        self._health.count("requests", str(answer.status))
        if answer.status >= 400:  # noqa: PLR2004  (where HTTP's errors begin)
            why = answer.value["error"] if isinstance(answer.value, dict) else answer.value
            path = _short(request.path)
            self._lines.warning("refused", path=path, status=answer.status, why=why)
        return answer

    async def _begun(self, request: Request) -> Answer:
        found = self._find(request.path)
        if found is None:
            raise RefusedError(404, f"there is no webhook at {_short(request.path)}")
        flow, trigger = found
        if request.method != "POST":
            said = f"{request.method} is not taken here: POST an event"
            raise RefusedError(405, said, {"allow": "POST"})
        if trigger.token is not None and not _knows(request, trigger.token):
            raise RefusedError(
                401,
                "the token is missing or wrong: send `Authorization: Bearer TOKEN`",
                {"www-authenticate": "Bearer"},
            )
        if trigger.token is None and "origin" in request.headers:
            # A page in the browser of somebody on this machine reaches loopback addresses too.
            raise RefusedError(403, "web pages begin no runs: give the webhook a `token`")
        if self._health.draining:
            raise RefusedError(503, "the server is about to end", {"retry-after": "5"})
        event = event_of_request(
            request.headers, request.body, path=request.path, new_id=self._new_id
        )
        try:
            order = trigger.order(event, self._new_id)
        except InputError as error:
            raise RefusedError(422, str(error)) from None
        accepted = await self._accept(order)
        self._health.failing = False
        if accepted is None:
            said = "too many runs wait already: try again later"
            raise RefusedError(429, said, {"retry-after": str(self._pause())})
        if accepted.duplicate:
            self._lines.info("known already", run=accepted.run, trigger=trigger.name, flow=flow)
            return Answer(202, {"run": accepted.run, "duplicate": True})
        self._health.count("accepted", trigger.kind)
        self._lines.info("accepted", run=accepted.run, trigger=trigger.name, flow=flow)
        return Answer(202, {"run": accepted.run})


def _short(path: str) -> str:
    """Return a path as it is told: strangers choose how long it is."""
    return path if len(path) <= _LONGEST else f"{path[:_LONGEST]}..."


def _knows(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        given = request.headers.get("x-ciranda-token", "")
    # Headers are latin-1 on the wire; a token in another script was sent as UTF-8.
    return hmac.compare_digest(given.strip().encode("latin-1"), token.encode())
