"""Validators as processes that are killed, stopped and cut off: they agree, and come back."""

import os
import signal
import subprocess
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute

from ciranda_consensus.crypto import Signer, Verifier, write_key
from ciranda_consensus.node import Dialing, Genesis, Seat, ask, read_genesis, write_genesis
from ciranda_consensus.node.peers import GONE
from ciranda_consensus.node.talk import AskStatus, Handed, Status, Taken

ROOT = Path(__file__).parents[3]
SETTINGS = """
genesis = "genesis.toml"
key = "{seat}.key"
folder = "{seat}"
listen = "127.0.0.1:0"
redial = [0.02, 0.3]
quiet = 2.0
pacing = {{base = 0.3, factor = 1.5, most = 3.0}}
"""


class Proxy:
    """Where others reach one validator; it can be cut."""

    def __init__(self):
        self.target, self.open, self.scopes = 0, True, set()

    async def pass_on(self, client):
        async with client:
            if not self.open or not self.target:
                return
            with suppress(OSError), anyio.CancelScope() as scope:
                self.scopes.add(scope)
                try:
                    async with (
                        await anyio.connect_tcp("127.0.0.1", self.target) as server,
                        anyio.create_task_group() as tasks,
                    ):
                        tasks.start_soon(self.copy, client, server, tasks.cancel_scope)
                        tasks.start_soon(self.copy, server, client, tasks.cancel_scope)
                finally:
                    self.scopes.discard(scope)

    async def copy(self, source, sink, scope):
        with suppress(*GONE):
            while True:
                await sink.send(await source.receive())
        scope.cancel()

    def cut(self):
        self.open = False
        for scope in list(self.scopes):
            scope.cancel()


class Network:
    """Processes of validators behind proxies."""

    def __init__(self, folder, count):
        self.folder, self.count = folder, count
        self.proxies = [Proxy() for _ in range(count)]
        self.processes: dict[int, subprocess.Popen[str]] = {}

    async def open(self, stack, tasks):
        seats = []
        for seat, proxy in enumerate(self.proxies):
            listener = await stack.enter_async_context(
                await anyio.create_tcp_listener(local_host="127.0.0.1")
            )
            tasks.start_soon(listener.serve, proxy.pass_on)
            public = write_key(self.folder / f"{seat}.key", bytes([seat]) * 32).public
            port = listener.extra(SocketAttribute.local_port)
            seats.append(Seat(public.hex(), 1, f"127.0.0.1:{port}"))
            (self.folder / f"{seat}.toml").write_text(SETTINGS.format(seat=seat))
        write_genesis(self.folder / "genesis.toml", Genesis("t", 1, tuple(seats)))
        self.set = read_genesis(self.folder / "genesis.toml").set()

    def start(self, *seats):
        program = [sys.executable, "-m", "tests.plugins.consensus.one_node"]
        for seat in seats:
            self.processes[seat] = subprocess.Popen(
                [*program, str(self.folder / f"{seat}.toml")],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )

    async def up(self, *seats):
        for seat in seats:
            output = self.processes[seat].stdout
            assert output is not None
            self.proxies[seat].target = int(await anyio.to_thread.run_sync(output.readline))

    def kill(self, seat):
        process = self.processes.pop(seat)
        process.kill()
        process.communicate()

    @asynccontextmanager
    async def guest(self, seat):
        dialing = Dialing(Signer(b"g" * 32), self.set.prefix, Verifier())
        address = f"127.0.0.1:{self.proxies[seat].target}"
        async with dialing.open(address, self.set.members[seat].public) as channel:
            yield channel

    async def submit(self, seat, *entries):
        async with self.guest(seat) as channel:
            await ask(channel, Handed(entries), Taken)

    async def agree(self, height, *seats):
        """Wait until validators are at a height, with one block."""
        async with AsyncExitStack() as stack:
            channels = [await stack.enter_async_context(self.guest(seat)) for seat in seats]
            with anyio.fail_after(30):
                while True:
                    found = [await ask(channel, AskStatus(), Status) for channel in channels]
                    heights = {one.height for one in found}
                    if min(heights) >= height and len({one.tip for one in found}) == 1:
                        return heights.pop()
                    await anyio.sleep(0.02)

    def end(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        try:
            for process in self.processes.values():
                process.communicate(timeout=10)
        finally:
            for process in self.processes.values():
                process.kill()
        return [process.returncode for process in self.processes.values()]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_processes_agree_while_others_are_killed_stopped_and_cut_off(tmp_path):
    network = Network(tmp_path, 4)
    async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:
        try:
            await network.open(stack, tasks)
            network.start(0, 1, 2, 3)
            await network.up(0, 1, 2, 3)
            await network.submit(0, b"1=a")
            height = await network.agree(1, 0, 1, 2, 3)

            network.kill(1)
            await network.submit(0, b"2=killed")
            height = await network.agree(height + 1, 0, 2, 3)
            network.start(1)
            await network.up(1)
            await network.agree(height, 0, 1, 2, 3)

            network.processes[2].send_signal(signal.SIGSTOP)
            await network.submit(0, b"3=stopped")
            height = await network.agree(height + 1, 0, 1, 3)
            network.processes[2].send_signal(signal.SIGCONT)
            await network.agree(height, 0, 1, 2, 3)

            network.proxies[3].cut()  # nobody calls from the last one: it is alone
            await network.submit(0, b"4=cut")
            height = await network.agree(height + 1, 0, 1, 2)
            await network.submit(3, b"5=alone")
            network.proxies[3].open = True
            await network.agree(height + 1, 0, 1, 2, 3)
        finally:
            codes = network.end()
            tasks.cancel_scope.cancel()
    assert codes == [0, 0, 0, 0]
