"""Virtual time does not wait for threads that an earlier loop left behind, at work for ever."""

import threading

import anyio
import anyio.to_thread
import pytest

from ciranda.testing import virtual_backend


def run(backend, function):
    name, options = backend
    return anyio.run(function, backend=name, backend_options=options)


@pytest.fixture(params=["asyncio", "trio"])
def left(request):
    """A backend that runs beside a thread which is at work for a loop that has ended."""
    release = threading.Event()

    async def leave():
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: anyio.to_thread.run_sync(release.wait, abandon_on_cancel=True))
            await anyio.sleep(0.05)
            group.cancel_scope.cancel()

    anyio.run(leave, backend=request.param)
    yield request.param
    release.set()


@pytest.mark.timeout(20)
def test_time_passes_beside_a_thread_of_a_loop_that_has_ended(left):
    async def sleep():
        await anyio.sleep(86400)
        return anyio.current_time()

    assert run(virtual_backend(left), sleep) == 86400


@pytest.mark.timeout(20)
def test_time_stands_still_for_a_thread_of_ones_own_beside_it(left):
    async def work():
        await anyio.to_thread.run_sync(threading.Event().wait, 0.05)
        return anyio.current_time()

    assert run(virtual_backend(left), work) == 0
