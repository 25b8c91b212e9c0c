"""Attacks by programs: what a shell, or whatever is installed, could try."""

import mmap
import os
import stat
import subprocess
import time
from pathlib import Path

from .arena import CANARY, World


def _said(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout


def read_by_cat(world: World) -> object:
    return CANARY.decode() in _said("cat", str(world.outside / "secret"))


def write_by_shell(world: World) -> object:
    _said("sh", "-c", f"echo x > {world.outside}/new")
    return (world.outside / "new").exists()


def move_out(world: World) -> object:
    (world.home / "mine").write_text("x")
    _said("mv", str(world.home / "mine"), str(world.outside / "moved"))
    return (world.outside / "moved").exists()


def attributes_by_chmod(world: World) -> object:
    _said("chmod", "641", str(world.outside / "mutable"))
    return stat.S_IMODE((world.outside / "mutable").stat().st_mode) == 0o641


def see_the_parent(world: World) -> object:
    return Path(f"/proc/{world.victim}/cmdline").read_bytes()


def kill_by_shell(world: World) -> object:
    done = subprocess.run(["sh", "-c", f"kill -9 {world.victim}"], capture_output=True, check=False)
    return done.returncode == 0


def capabilities_by_exec(world: World) -> object:
    status = _said("cat", "/proc/self/status")
    effective = next(line for line in status.splitlines() if line.startswith("CapEff"))
    return int(effective.split()[1], 16)


def mount_something(world: World) -> object:
    line = ["mount", "-t", "tmpfs", "x", str(world.home)]
    done = subprocess.run(line, capture_output=True, check=False)
    return done.returncode == 0


def new_root(world: World) -> object:
    done = subprocess.run(["chroot", "/", "true"], capture_output=True, check=False)
    return done.returncode == 0


def environment_of_the_first(world: World) -> object:
    return Path("/proc/1/environ").read_bytes().strip(b"\0")


def copied_program(world: World) -> object:
    tool = world.home / "tool"
    tool.write_bytes(Path("/bin/true").read_bytes())
    tool.chmod(0o755)
    return subprocess.run([str(tool)], check=False).returncode == 0


def much_shared_memory(world: World) -> object:
    with open("/dev/shm/arena", "wb") as file:
        try:
            file.truncate(60 << 20)
            os.posix_fallocate(file.fileno(), 0, 60 << 20)
            with open("/dev/shm/arena2", "wb") as other:
                os.posix_fallocate(other.fileno(), 0, 60 << 20)
        finally:
            for path in Path("/dev/shm").glob("arena*"):
                path.unlink()
    return True


def live_on(world: World) -> object:
    """Start a daemon in a session of its own; the victim's memory shows whether it lived."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(0.3)
            world.shared[200] = 1
        os._exit(0)
    os.wait()
    return False  # whether it worked is seen in the victim


def shared_mapping(world: World) -> object:
    """Not blocked: no limit counts it but the address space, which runtimes reserve freely."""
    with mmap.mmap(-1, 2 << 30) as mapped:
        return len(mapped)


PROGRAM = (
    read_by_cat, write_by_shell, move_out, attributes_by_chmod, see_the_parent, kill_by_shell,
    capabilities_by_exec, mount_something, new_root, environment_of_the_first, copied_program,
    much_shared_memory,
)  # fmt: skip
