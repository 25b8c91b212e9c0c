"""The attacks: 28 classic ones and 12 of our own; each returns something true if it worked."""

import ctypes
import errno
import fcntl
import mmap
import os
import platform
import resource
import signal
import socket
import stat
import struct
import time

from ciranda_skills.sandbox import Kernel

from .arena import CANARY, World, arrives

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.shmat.restype = ctypes.c_void_p
_MIB = 1 << 20
_TOLD = 9


def _checked(result: int) -> bool:
    """Return whether a C function says that it worked."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return True


# -- files


def read_outside(world: World) -> object:
    return (world.outside / "secret").read_bytes() == CANARY


def write_outside(world: World) -> object:
    return (world.outside / "new").write_bytes(b"x")


def truncate_outside(world: World) -> object:
    os.truncate(world.outside / "mutable", 0)
    return (world.outside / "mutable").stat().st_size == 0


def read_by_symlink(world: World) -> object:
    (world.home / "link").symlink_to(world.outside / "secret")
    return (world.home / "link").read_bytes() == CANARY


def read_by_hardlink(world: World) -> object:
    os.link(world.outside / "secret", world.home / "hard")
    return (world.home / "hard").read_bytes() == CANARY


# -- sockets


def tcp_connect(world: World) -> object:
    with socket.create_connection(("127.0.0.1", world.tcp), timeout=2) as sock:
        return sock.fileno() >= 0


def udp_send(world: World) -> object:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return sock.sendto(b"x", ("127.0.0.1", world.udp))


def tcp_bind(world: World) -> object:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.fileno() >= 0


def abstract_unix_socket(world: World) -> object:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(world.abstract)
        return sock.fileno() >= 0


def path_unix_socket(world: World) -> object:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(world.stream))
        return sock.fileno() >= 0


# -- the parent


def kill_parent(world: World) -> object:
    os.kill(world.victim, signal.SIGKILL)
    return True


def signal_parent(world: World) -> object:
    os.kill(world.victim, signal.SIGUSR1)
    return arrives(world, signal.SIGUSR1)


def environ_of_parent(world: World) -> object:
    with open(f"/proc/{world.victim}/environ", "rb") as file:
        return file.read(100)


def memory_of_parent(world: World) -> object:
    with open(f"/proc/{world.victim}/mem", "rb", buffering=0) as file:
        file.seek(world.address)
        return file.read(len(CANARY)) == CANARY


def ptrace_parent(world: World) -> object:
    seize = 0x4206
    return _checked(_LIBC.ptrace(seize, world.victim, None, None))


def process_vm_readv(world: World) -> object:
    held = ctypes.create_string_buffer(len(CANARY))
    mine = (ctypes.c_uint64 * 2)(ctypes.addressof(held), len(CANARY))
    theirs = (ctypes.c_uint64 * 2)(world.address, len(CANARY))
    length = _LIBC.process_vm_readv(world.victim, mine, 1, theirs, 1, 0)
    return _checked(length) and held.raw == CANARY


# -- other programs, the kernel


def _replaced(world: World, *argv: str) -> object:
    os.dup2(world.result, _TOLD)  # a shell knows descriptors of one digit
    os.execv(argv[0], argv)


def run_a_program(world: World) -> object:
    return _replaced(world, "/bin/sh", "-c", f"echo succeeded >&{_TOLD}")


def run_a_file_of_its_own(world: World) -> object:
    path = world.home / "tool"
    path.write_text(f"#!/bin/sh\necho succeeded >&{_TOLD}\n")
    path.chmod(0o755)
    return _replaced(world, str(path))


def user_namespace(world: World) -> object:
    return _checked(_LIBC.unshare(0x10000000))


def io_uring(world: World) -> object:
    return Kernel().call("io_uring_setup", 8, ctypes.create_string_buffer(120)) >= 0


def load_bpf(world: World) -> object:
    array = struct.pack("=IIIII", 2, 4, 8, 1, 0).ljust(120, b"\0")
    return Kernel().call("bpf", 0, array, len(array)) >= 0


def keyring(world: World) -> object:
    return Kernel().call("add_key", b"user", b"arena", b"x", 1, -1) > 0


# -- resources


def two_gigabytes(world: World) -> object:
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    with mmap.mmap(-1, 2 << 30, flags=private) as mapped:  # asked for, not touched
        return len(mapped)


def large_file(world: World) -> object:
    with open(world.home / "large", "wb") as file:
        os.ftruncate(file.fileno(), 200 * _MIB)
        return os.fstat(file.fileno()).st_size == 200 * _MIB


def many_descriptors(world: World) -> object:
    return len([os.dup(world.result) for _ in range(500)]) == 500


def inherited_descriptor(world: World) -> object:
    return os.pread(world.inherited, 100, 0) == CANARY


def many_forks(world: World) -> object:
    read, write = os.pipe()
    count = 0
    try:
        for _ in range(200):
            if os.fork() == 0:
                os.close(write)
                os.read(read, 1)  # until the first one has closed its end
                os._exit(0)
            count += 1
        time.sleep(0.3)  # that many, and they stay: root's processes are counted, not limited
    finally:
        os.close(write)
        for _ in range(count):
            os.wait()
    return count == 200


def secret_in_environment(world: World) -> object:
    return CANARY.decode() in os.environ.values()


# -- our own


def limits_of_parent(world: World) -> object:
    old = resource.prlimit(world.victim, resource.RLIMIT_CORE)
    resource.prlimit(world.victim, resource.RLIMIT_CORE, old)
    return True


def affinity_of_parent(world: World) -> object:
    os.sched_setaffinity(world.victim, os.sched_getaffinity(world.victim))
    return True


def mode_outside(world: World) -> object:
    os.chmod(world.outside / "mutable", 0o641)
    return stat.S_IMODE((world.outside / "mutable").stat().st_mode) == 0o641


def times_outside(world: World) -> object:
    os.utime(world.outside / "mutable", (7, 7))
    return (world.outside / "mutable").stat().st_mtime == 7


def shared_memory_of_parent(world: World) -> object:
    place = _LIBC.shmat(world.shm, None, 0)
    if place is None or place == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "shmat")
    return ctypes.string_at(place, len(CANARY)) == CANARY


def queue_of_parent(world: World) -> object:
    return Kernel().call("mq_open", world.queue, os.O_RDWR, 0, None) >= 0


def signal_through_a_pipe(world: World) -> object:
    read, write = os.pipe()
    fcntl.fcntl(read, fcntl.F_SETOWN, world.victim)
    fcntl.fcntl(read, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(write, b"x")
    return arrives(world, signal.SIGIO)


def datagram_through_a_pair(world: World) -> object:
    ours, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return ours.sendto(b"x", str(world.datagrams))


def outlive_the_parent(world: World) -> object:
    return Kernel().call("prctl", 1, 0, 0, 0, 0) == 0  # PR_SET_PDEATHSIG: none


def calls_of_another_machine(world: World) -> object:
    if platform.machine() != "x86_64":
        raise OSError(errno.ENOSYS, "there is one table here")
    code = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"  # mov eax, 20 (getpid of i386); int 0x80; ret
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)() == os.getpid()


def first_environment(world: World) -> object:
    with open("/proc/self/environ", "rb") as file:
        return file.read().strip(b"\0")


def memory_in_files(world: World) -> object:
    piece = bytes(_MIB)
    files = [os.memfd_create("arena") for _ in range(3)]
    return sum(os.write(fd, piece) for fd in files for _ in range(30)) == 90 * _MIB


CLASSIC = (
    read_outside, write_outside, truncate_outside, read_by_symlink, read_by_hardlink,
    tcp_connect, udp_send, tcp_bind, abstract_unix_socket, path_unix_socket,
    kill_parent, signal_parent, environ_of_parent, memory_of_parent, ptrace_parent,
    process_vm_readv, run_a_program, run_a_file_of_its_own, user_namespace, io_uring, load_bpf,
    keyring, two_gigabytes, large_file, many_descriptors, inherited_descriptor, many_forks,
    secret_in_environment,
)  # fmt: skip
OWN = (
    limits_of_parent, affinity_of_parent, mode_outside, times_outside, shared_memory_of_parent,
    queue_of_parent, signal_through_a_pipe, datagram_through_a_pair, outlive_the_parent,
    calls_of_another_machine, first_environment, memory_in_files,
)  # fmt: skip
