"""Destruction of files, shells for strangers, secrets sent away."""

from __future__ import annotations

import ast
import re
from typing import Final

from .report import Subject
from .shape import calls_within, expressions, keyword

__all__ = ["check_harm"]

_ROOT: Final = re.compile(
    r"(?:/|/\*|~|~/|\.\./?|/(?:etc|usr|var|home|boot|bin|lib|root|sbin|opt|srv|dev|sys|proc)/?\*?|"
    r"[A-Za-z]:[\\/]*(?:Windows(?:[\\/].*)?)?|\$HOME/?)"
)
_DELETING: Final = frozenset(
    {"shutil.rmtree", "os.removedirs", "os.remove", "os.unlink", "os.rmdir", "shutil.move"}
)
_DEVICES: Final = ("/dev/sd", "/dev/hd", "/dev/nvme", "/dev/vd", "/dev/mem", "/dev/kmem", r"\\.\Physical")  # fmt: skip # noqa: E501
_WRITING: Final = frozenset("wax+")
_SENDING: Final = (
    "requests.post", "requests.put", "requests.get", "urllib.request.urlopen", "httpx.post",
    "httpx.get", "socket.socket().send", "urllib.request.Request", "requests.Session().post",
    "http.client.HTTPSConnection().request", "http.client.HTTPConnection().request",
    "smtplib.SMTP().sendmail",
)  # fmt: skip
_SHELL_STARTING: Final = frozenset({
    "subprocess.Popen", "subprocess.call", "subprocess.run", "subprocess.check_output",
    "pty.spawn", "os.execl", "os.execv", "os.execve", "os.system", "os.popen", "os.execlp",
    "subprocess.getoutput", "builtins.exec", "builtins.eval",
})  # fmt: skip
_HOME: Final = frozenset({"os.path.expanduser", "pathlib.Path.home", "pathlib.Path().home"})
_SECRET_FILES: Final = re.compile(
    r"/etc/(?:shadow|sudoers|gshadow)|\.ssh/(?:id_\w+|authorized_keys)|\.aws/credentials|"
    r"\.gnupg|\.netrc|\.docker/config\.json|\.kube/config|Login Data|wallet\.dat|\.bash_history|"
    r"/proc/(?:self|\d+)/(?:mem|environ)"
)
_START_FILES: Final = re.compile(
    r"(?:\.bashrc|\.bash_profile|\.zshrc|\.profile|/etc/cron[\w./]*|/etc/rc\.local|"
    r"/etc/ld\.so\.preload|\.config/autostart/.*|/etc/systemd/system/.*|\w+\.pth)$"
)


def check_harm(subject: Subject) -> None:
    """Look for files destroyed or stolen, and for shells given to a socket."""
    called: dict[str, ast.Call] = {}
    for call in subject.program.of(ast.Call):
        for name in subject.resolver.names(call.func):
            called.setdefault(name, call)
            if name in _DELETING:
                _deleting(subject, call)
            if name in ("builtins.open", "io.open", "os.open", "pathlib.Path") and call.args:
                _opening(subject, call, name)
            if name.startswith(_SENDING):
                _sending(subject, call)
            if name in ("os.fork", "multiprocessing.Process"):
                _forking(subject, call)
            if name == "os.kill" and call.args and subject.folding.value(call.args[0]) in (-1, 1):
                subject.hit("process-killing", call, "kills every process, or the first")
    _reverse_shell(subject, called)


def _deleting(subject: Subject, call: ast.Call) -> None:
    if not call.args:
        return
    path = subject.folding.text(call.args[0])
    if path is not None:
        if _ROOT.fullmatch(path.strip()):
            subject.hit("filesystem-destruction", call, f"deletes {path!r:.40}")
        return
    within = calls_within(subject, call.args[0])
    direct = isinstance(call.args[0], (ast.Call, ast.Name)) and not _joined(call.args[0])
    if direct and any(name in _HOME for name in within):
        subject.hit("filesystem-destruction", call, "deletes a home folder")
    for each in expressions(subject, call.args[0]):
        if isinstance(each, ast.Call) and "os.walk" in subject.resolver.names(each.func):
            root = subject.folding.text(each.args[0]) if each.args else None
            if root is not None and _ROOT.fullmatch(root):
                subject.hit("filesystem-destruction", call, f"deletes all below {root!r:.40}")


def _joined(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "join"
    )


def _opening(subject: Subject, call: ast.Call, name: str) -> None:
    path = subject.folding.text(call.args[0])
    if path is None:
        found = expressions(subject, call.args[0])
        texts = [subject.folding.text(each) or "" for each in found]
        path = next((each for each in texts if _SECRET_FILES.search(each)), "")
        path = path or next((each for each in texts if _START_FILES.search(each)), "")
    mode = call.args[1] if len(call.args) > 1 else keyword(call, "mode")
    how = (
        (subject.folding.text(mode) or "" if mode is not None else "")
        if name != "pathlib.Path"
        else ""
    )
    writes = bool(_WRITING & set(how))
    if _SECRET_FILES.search(path):
        subject.hit("secret-file", call, f"opens {path!r:.40}")
    elif writes and path.startswith(_DEVICES):
        subject.hit("filesystem-destruction", call, f"writes to {path!r:.40}")
    elif writes and _START_FILES.search(path):
        subject.hit("persistence", call, f"writes {path!r:.40}")
    elif path == "/etc/passwd":
        subject.hit("account-file", call, "opens '/etc/passwd'")


def _sending(subject: Subject, call: ast.Call) -> None:
    given = [*call.args, *(each.value for each in call.keywords)]
    for each in given:
        for part in expressions(subject, each):
            if isinstance(part, (ast.Attribute, ast.Name)):
                names = subject.resolver.names(part)
                whole = "os.environ" in names and not isinstance(
                    subject.program.parents.get(part), (ast.Subscript, ast.Attribute)
                )
                if whole:
                    subject.hit("data-exfiltration", call, "sends the whole environment")
                    return
            text = subject.folding.text(part) if isinstance(part, ast.Constant) else None
            if text and (_SECRET_FILES.search(text) or text == "/etc/passwd"):
                subject.hit("data-exfiltration", call, f"sends {text!r:.40}")
                return


def _forking(subject: Subject, call: ast.Call) -> None:
    """Look for a fork that every turn of a loop without an end repeats."""
    for node in subject.program.ancestors(call):
        if isinstance(node, ast.While) and subject.folding.truth(node.test) is True:
            if not any(isinstance(each, (ast.Break, ast.Return)) for each in ast.walk(node)):
                subject.hit("fork-bomb", call, "every turn starts another process")
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return


def _reverse_shell(subject: Subject, called: dict[str, ast.Call]) -> None:
    connects = [
        call
        for name, call in called.items()
        if name in ("socket.socket().connect", "socket.create_connection", "socket.socket().accept")
        or name == "socket.socket().connect_ex"
    ]
    if not connects:
        return
    duplicates = "os.dup2" in called
    starts = [call for name, call in called.items() if name in _SHELL_STARTING]
    received = [
        call for call in starts if call.args and ".recv" in calls_within(subject, call.args[0])
    ]
    given = [call for call in starts if _given_socket(subject, call)]
    if (duplicates and starts) or received or given:
        at = (received or given or starts)[0]
        subject.hit("reverse-shell", at, "what a socket sends is run")


def _given_socket(subject: Subject, call: ast.Call) -> bool:
    for name in ("stdin", "stdout"):
        value = keyword(call, name)
        if value is not None and {".fileno", ".makefile"} & {*calls_within(subject, value)}:
            return True
    return False
