"""What this system offers for sandboxes, found out by trying each thing in a child process."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Final, Literal

__all__ = ["sandbox_findings"]

Level = Literal["ok", "warn", "fail"]

_SECONDS: Final = 5.0  # a child that takes longer does not work

# Each piece runs in a fresh interpreter and prints what it found; exit code 0 means it works.
_LANDLOCK: Final = """
import ctypes, platform, sys
number = {"x86_64": 444, "aarch64": 444}.get(platform.machine())
if number is None: sys.exit("unknown on this processor")
libc = ctypes.CDLL(None, use_errno=True)
abi = libc.syscall(number, None, 0, 1)
if abi < 1: sys.exit("the kernel does not offer it")
class Rules(ctypes.Structure): _fields_ = [("fs", ctypes.c_uint64)]
rules = Rules(1 << 2)
ruleset = libc.syscall(number, ctypes.byref(rules), ctypes.sizeof(rules), 0)
if ruleset < 0 or libc.prctl(38, 1, 0, 0, 0): sys.exit("no ruleset can be made")
if libc.syscall(number + 2, ruleset, 0): sys.exit("it cannot be applied")
try: open("/etc/passwd")
except PermissionError: print(f"ABI {abi}")
else: sys.exit("it is applied and does not hold")
"""
_SECCOMP: Final = """
import ctypes, os, platform, struct, sys
socket = {"x86_64": 41, "aarch64": 198}.get(platform.machine())
if socket is None: sys.exit("unknown on this processor")
libc = ctypes.CDLL(None, use_errno=True)
code = b"".join(struct.pack("HBBI", *one) for one in (
    (0x20, 0, 0, 0), (0x15, 0, 1, socket), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)))
kept = ctypes.create_string_buffer(code, len(code))
class Program(ctypes.Structure): _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
program = Program(4, ctypes.addressof(kept))
if libc.prctl(38, 1, 0, 0, 0): sys.exit("no_new_privs is refused")
if libc.prctl(22, 2, ctypes.byref(program), 0, 0): sys.exit("no filter can be set")
if libc.syscall(socket, 1, 1, 0) != -1 or ctypes.get_errno() != 1: sys.exit("it does not hold")
print("filters hold")
"""
_NAMESPACES: Final = """
import ctypes, os, sys
libc, user = ctypes.CDLL(None, use_errno=True), os.getuid()
if libc.unshare(0x10000000 | 0x40000000): sys.exit(os.strerror(ctypes.get_errno()).lower())
try:
    with open("/proc/self/uid_map", "w") as file: file.write(f"0 {user} 1")
except OSError as error: sys.exit(f"no user can be mapped: {error.strerror.lower()}")
print("user and network namespaces")
"""


def sandbox_findings() -> Iterator[tuple[str, Level, str]]:
    """Yield (check, level, message) of each layer that a sandbox can be made of."""
    if sys.platform != "linux":
        yield "sandbox", "warn", "only Linux can confine what a step does"
        return
    yield _tried("landlock", [sys.executable, "-I", "-S", "-c", _LANDLOCK])
    yield _tried("seccomp", [sys.executable, "-I", "-S", "-c", _SECCOMP])
    yield _tried("namespaces", [sys.executable, "-I", "-S", "-c", _NAMESPACES])
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        yield "bubblewrap", "warn", "not installed; needed for the strictest level only"
    else:
        words = [bwrap, "--unshare-all", "--ro-bind", "/", "/", "/bin/echo", bwrap]
        yield _tried("bubblewrap", words)


def _tried(name: str, words: list[str]) -> tuple[str, Level, str]:
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            text=True,
            errors="replace",
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return name, "warn", f"does not work: {type(error).__name__}"
    if done.returncode == 0:
        return name, "ok", done.stdout.strip()
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return name, "warn", f"does not work: {lines[-1][:200]}"
