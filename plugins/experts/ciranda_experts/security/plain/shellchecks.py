"""Attack patterns in commands of a shell."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from ..limits import PAYLOAD_DEPTH
from .shell import Command, Script, read_shell

__all__ = ["check_shell"]

_SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "ksh", "fish", "ash"})
_RUNNERS: Final = _SHELLS | {"python", "python3", "python2", "perl", "ruby", "node", "php", "source", "."}  # fmt: skip # noqa: E501
_DECODERS: Final = frozenset({"base64", "xxd", "gunzip", "zcat", "openssl", "rev", "tr"})
_FETCHERS: Final = frozenset({"curl", "wget", "fetch", "lynx", "aria2c", "http"})
_PREFIXES: Final = frozenset(
    {"sudo", "nohup", "exec", "command", "time", "env", "nice", "doas", "builtin", "then", "do",
     "else", "xargs", "{", "!", "busybox", "stdbuf", "timeout", "setsid", "eatmydata"}
)  # fmt: skip
_ROOT: Final = re.compile(
    r"(?:/|/\*|~/?|~/\*|\$\{?HOME\}?/?\*?|\*|/(?:etc|usr|var|home|boot|bin|lib|root|"
    r"sbin|opt|srv|dev|sys|proc)/?\*?|\$\{?\w+\}?/\*?|[A-Za-z]:\\?\*?)"
)
_DEVICE: Final = re.compile(r"/dev/(?:sd|hd|nvme|vd|mmcblk|xvd|mem|kmem|disk)\w*")
_START: Final = re.compile(
    r".*(?:\.bashrc|\.profile|\.bash_profile|\.zshrc|/etc/cron\S*|/etc/rc\.local|authorized_keys|"
    r"/etc/ld\.so\.preload|/etc/systemd/system/\S*|/etc/profile\S*)"
)
_SECRET: Final = re.compile(
    r".*(?:/etc/shadow|\.ssh/id_\w+|\.aws/credentials|/etc/sudoers|\.gnupg)\S*"
)
_BOMB: Final = re.compile(
    r"(?<![\w:.])([\w:.]{1,64})\s*\(\)\s*\{\s*\1\s*\|\s*\1\s*&\s*\}\s*;?\s*\1?"
)
_TCP: Final = re.compile(r"/dev/(?:tcp|udp)/")
_VARIABLE: Final = re.compile(r"\$(?:\w+|\{[^}]*\}|\(\)|@|\*)")
_ALWAYS: Final = (
    ["while", "true"], ["while", ":"], ["until", "false"], ["while", "[", "1", "]"],
    ["while", "[[", "1", "]]"], ["while", "test", "1"], ["while", "sleep", "0"],
)  # fmt: skip
_FOREVER: Final = re.compile(r"for\s*\(\(\s*;\s*;\s*\)\)")

Found = tuple[int, str, str]  # offset, rule, what


def check_shell(text: str, depth: int = 0, start: int = 0) -> tuple[list[Found], str, int]:
    """Look through a script, the commands within its commands included.

    Args:
        text: The script.
        depth: Of how many commands it stands within.
        start: Where it stands in the whole.

    Returns:
        What was found, why it cannot be read ("" where it can), and where that is.
    """
    script = read_shell(text)
    bomb = _BOMB.search(text) if "|" in text else None
    found: list[Found] = (
        [(start + bomb.start(), "fork-bomb", "starts itself twice")] if bomb else []
    )
    found += [(start + at, rule, what) for at, rule, what in _checks(script, text)]
    fault, at = script.fault, script.at
    inner = list(script.within)
    for command in script.commands:
        name, words = _called(command)
        if name in _SHELLS and "-c" in words and words.index("-c") + 1 < len(words):
            inner.append((words[words.index("-c") + 1], command.offset))
        elif name == "eval" and words:
            inner.append((" ".join(words), command.offset))
        if name in _SHELLS:
            inner += [(each, command.offset) for each in command.fed]
    for piece, offset in inner:
        if depth >= PAYLOAD_DEPTH:
            return found, "commands within commands within commands", start + offset
        more, unread, where = check_shell(piece, depth + 1, start + offset)
        found += more
        if unread and not fault:
            fault, at = unread, where - start
    return found, fault, start + at


def _called(command: Command) -> tuple[str, list[str]]:
    """Return the name of what is run and its arguments, past sudo, env and assignments."""
    words = list(command.words)
    while words and (
        words[0] in _PREFIXES or re.match(r"\w+=", words[0]) or (words[0].startswith("-") and words)
    ):
        words.pop(0)
    if not words:
        return (command.words[0] if command.words else ""), []
    return words[0].rpartition("/")[2] or words[0], words[1:]


def _checks(script: Script, text: str) -> Iterator[Found]:
    yield from _pipelines(script)
    yield from _loops(script, text)
    for command in script.commands:
        name, words = _called(command)
        at = command.offset
        yield from ((at, rule, what) for rule, what in _destroys(name, words))
        yield from ((at, rule, what) for rule, what in _reaches(command, name, words))
        yield from ((at, rule, what) for rule, what in _runs(command, name, words))


def _destroys(name: str, words: list[str]) -> Iterator[tuple[str, str]]:
    flags = "".join(word for word in words if word.startswith("-") and not word.startswith("--"))
    paths = [word for word in words if not word.startswith("-")]
    if name == "rm" and ("r" in flags.lower() or "--recursive" in words):
        if any(_ROOT.fullmatch(path) for path in paths) or "--no-preserve-root" in words:
            yield "filesystem-destruction", "deletes all below a root"
    elif name == "find" and any(_ROOT.fullmatch(path) for path in paths[:1]) and "-delete" in words:
        yield "filesystem-destruction", "deletes all below a root"
    elif name.startswith("mkfs") or name in ("wipefs", "mkswap", "fdisk", "shred"):
        if any(path.startswith("/dev/") for path in paths):
            yield "filesystem-destruction", f"{name} overwrites a device"
    elif name == "dd" and any(
        _DEVICE.fullmatch(word[3:]) for word in words if word.startswith("of=")
    ):
        yield "filesystem-destruction", "dd overwrites a device"
    elif name == "mv" and paths[-1:] == ["/dev/null"]:
        yield "filesystem-destruction", "moves files into nothing"
    elif name in ("chmod", "chown"):
        loose = any(
            re.fullmatch(r"0?[0-7]?777|a\+rwx|[ug]?\+s|[ugo]*a?\+s|[246]7\d\d", w) for w in words
        )
        if loose and name == "chmod":
            yield "permissions-opened", "everybody may write, or run with another's rights"
        elif "R" in flags and any(_ROOT.fullmatch(path) for path in paths[1:]):
            yield "permissions-opened", "changes owners of all below a root"
    elif name == "kill" and ("-1" in words[1:] or paths == ["1"]):
        yield "process-killing", "kills every process, or the first"
    elif name == "history" and "-c" in words:
        yield "trace-removal", "clears the history of commands"


def _reaches(command: Command, name: str, words: list[str]) -> Iterator[tuple[str, str]]:
    everything = [*words, *command.targets]
    if any(_TCP.search(word) for word in everything):
        yield "reverse-shell", "connects a shell to an address"
    elif name in ("nc", "ncat", "netcat", "socat") and (
        any(re.fullmatch(r"-\w*[ec]\w*", word) for word in words)
        or any("exec:" in word.lower() for word in words)
    ):
        yield "reverse-shell", f"{name} gives a shell to an address"
    for target in command.targets:
        if _DEVICE.fullmatch(target):
            yield "filesystem-destruction", "overwrites a device"
        elif _START.fullmatch(target):
            yield "persistence", f"writes {target:.40}"
        elif target in ("/etc/passwd", "/etc/shadow", "/etc/sudoers"):
            yield "persistence", f"writes {target}"
    if name == "tee" and any(_START.fullmatch(word) for word in words):
        yield "persistence", "writes what runs at the next start"
    if any(_SECRET.fullmatch(word) for word in words):
        sends = name in _FETCHERS or name in ("nc", "scp")
        yield ("data-exfiltration" if sends else "secret-file"), "reads a file of secrets"
    if name in ("xmrig", "minerd", "cpuminer") or any("stratum+" in word for word in words):
        yield "miner", "works for somebody else"
    if name in ("rm", "truncate", "shred") and any(
        re.fullmatch(r"(?:/var/log|.*\.bash_history)\S*", word) for word in words
    ):
        yield "trace-removal", "deletes logs"


def _runs(command: Command, name: str, words: list[str]) -> Iterator[tuple[str, str]]:
    if name == "eval":
        changing = any(_VARIABLE.search(word) for word in words)
        yield ("shell-eval" if changing else "shell-substitution"), "evaluates a text"
    elif name in _RUNNERS and any(word in ("$()", "<()") for word in words):
        yield "shell-eval", f"{name} runs what a command gives"
    elif name == "$()" or (name.startswith("$") and not words and command.before != "|"):
        yield "shell-substitution", "runs what another command gives"
    if command.words[:1] == ["crontab"] and words:
        yield "persistence", "changes what runs by the clock"
    if command.words[:1] in (["sudo"], ["su"], ["doas"]):
        yield "privilege", "runs with another user's rights"


def _pipelines(script: Script) -> Iterator[Found]:
    names: set[str] = set()
    for command in script.commands:
        if command.before not in ("|", "|&"):
            names = set()
        name, words = _called(command)
        if name in _RUNNERS and names and "-c" not in words:
            if names & _FETCHERS:
                yield command.offset, "download-then-execute", f"{name} runs what was fetched"
            elif names & _DECODERS:
                yield command.offset, "decode-then-execute", f"{name} runs what was decoded"
            elif names & {"echo", "printf", "cat"}:
                yield command.offset, "shell-eval", f"{name} runs a text"
        names.add(name)
    starts = [each.offset for each in script.commands]
    for text, offset in script.within:
        inner = read_shell(text)
        if any(_called(each)[0] in _FETCHERS for each in inner.commands):
            at = bisect_right(starts, offset) - 1
            name = _called(script.commands[at])[0] if at >= 0 else ""
            if name in _RUNNERS or name in ("eval", "$()", "<()"):
                yield offset, "download-then-execute", "runs what was fetched"


def _loops(script: Script, text: str) -> Iterator[Found]:
    """Find loops whose condition always holds, by one walk that keeps the open ones."""
    opened: list[tuple[int, bool]] = []  # where each began, and whether nothing has left it yet
    left = 0  # how many of the outer ones an exit leaves
    for command in script.commands:
        words = list(command.words)
        while words and words[0] in ("do", "then", "else", "{"):
            words.pop(0)
        head = words[0] if words else ""
        if head in ("while", "until", "for", "select"):
            always = words in _ALWAYS or _FOREVER.match(text, command.offset) is not None
            opened.append((command.offset, always))
        elif head in ("exit", "return", "exec"):
            left = len(opened)
        elif head == "break" and opened:
            opened[-1] = (opened[-1][0], False)
        elif head == "done" and opened:
            at, endless = opened.pop()
            if endless and len(opened) >= left:
                yield at, "unbounded-loop", "the condition always holds, and nothing leaves it"
            left = min(left, len(opened))
