"""What a pool runs in its workers, for tests: setup and confine of a kind."""

import os
import stat
import subprocess
import time
from pathlib import Path

from ciranda_skills.sandbox import Policy, confine, detect


def setup(options):
    detect(_policy(options))

    def where(payload, call):
        return {"pid": os.getpid(), "home": os.environ["HOME"], "uid": os.getuid()}

    def hang(payload, call):
        subprocess.Popen(["sleep", "60"], start_new_session=True)
        time.sleep(60)

    def leave(payload, call):
        return subprocess.Popen(["sleep", "60"], start_new_session=True).pid

    def end(payload, call):
        if payload["signal"]:
            os.kill(os.getpid(), payload["signal"])
        os._exit(payload["code"])

    def escape(payload, call):
        return Path(payload).read_text()

    return {"where": where, "hang": hang, "leave": leave, "end": end, "escape": escape}


def _policy(options):
    return Policy(profile=options["profile"], home=Path(options["home"]))


def enclose(options):
    sockets = [fd for fd in map(int, os.listdir("/proc/self/fd")) if _is_socket(fd)]
    confine(_policy(options), keep_fds=[0, 1, 2, *sockets])


def _is_socket(fd):
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False  # the one that listed
