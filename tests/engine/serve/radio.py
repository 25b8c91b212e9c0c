"""A plugin whose listeners do what a test says."""

import threading
from collections import deque
from typing import Annotated, Any

import anyio
import msgspec

from ciranda import Secret, Settings, hookimpl
from ciranda.trigger import trigger


class RadioSettings(Settings, section="radio"):
    """The section.

    Attributes:
        aerial: Where it stands.
        code: Opens it.
    """

    aerial: str = "roof"
    code: Secret | None = None


class Station(msgspec.Struct, frozen=True):
    """What is listened to.

    Attributes:
        name: The station.
        code: What opens it.
        loud: How loud.
    """

    name: str
    code: Annotated[str, msgspec.Meta(max_length=20)] = ""
    loud: int = 1


class News(msgspec.Struct, frozen=True):
    """What is heard."""

    n: int
    text: str = ""


class Radio:
    """Offers `radio.news`; each call of its listener takes the next script, or waits."""

    def __init__(self, *scripts):
        self.scripts = deque(scripts)
        self.calls: list[tuple[Station, Any]] = []
        self.heard = []
        self.cancelled = 0
        self.threads: set[str] = set()
        self.let_go = threading.Event()  # of those that do not end by themselves

        @trigger("radio.news", options=Station, data=News)
        async def news(options, hear, settings):
            """Hear the news."""
            self.calls.append((options, settings))
            self.threads.add(threading.current_thread().name)
            try:
                if self.scripts and await self.scripts.popleft()(self, hear):
                    return
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                self.cancelled += 1
                raise

        self.news = news

    @hookimpl
    def settings(self):
        return RadioSettings

    @hookimpl
    def triggers(self):
        return [self.news]


def tells(*events, then=None):
    """Return a script: hear these events, and then perhaps fail."""

    async def script(radio, hear):
        for data, named in events:
            radio.heard.append(await hear(data, **named))
        if then is not None:
            raise then

    return script


async def returns(radio, hear):
    """Have the listener return."""
    return True


async def swallows(radio, hear):
    """Go on whatever happens, until the test lets it go."""
    while not radio.let_go.is_set():
        try:
            await anyio.sleep(0.01)
        except BaseException:
            radio.cancelled += 1


async def blocks(radio, hear):
    """Hold its thread up until the test lets it go."""
    radio.let_go.wait(20)
