"""Thirty pieces of honest work; each imports what it needs where it runs, as scripts do."""

import os
import sys

from .arena import World


def archives(world: World) -> object:
    import tarfile
    import zipfile

    with zipfile.ZipFile(world.home / "a.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("x/y.txt", "text")
    with zipfile.ZipFile(world.home / "a.zip") as found:
        found.extractall(world.home / "zip")
    with tarfile.open(world.home / "a.tar.xz", "w:xz") as tar:
        tar.add(world.home / "zip", "zip")
    with tarfile.open(world.home / "a.tar.xz") as tar:
        tar.extractall(world.home / "tar", filter="data")
    return (world.home / "tar/zip/x/y.txt").read_text() == "text"


def async_loop(world: World) -> object:
    import asyncio

    async def main() -> int:
        return sum(await asyncio.gather(*(asyncio.sleep(0, n) for n in range(10))))

    return asyncio.run(main()) == 45


def async_threads(world: World) -> object:
    import asyncio

    return asyncio.run(asyncio.to_thread(sum, [1, 2])) == 3


def attributes(world: World) -> object:
    import shutil

    first, second = world.home / "one", world.home / "two"
    first.write_text("x")
    first.chmod(0o600)
    shutil.copy2(first, second)
    os.utime(second, (5, 5))
    return second.read_text() == "x"


def bisecting(world: World) -> object:
    import bisect
    import heapq
    import random

    values = [random.Random(1).random() for _ in range(1000)]
    return bisect.bisect(sorted(values), 0.5) > 0 and heapq.nsmallest(1, values) == [min(values)]


def compression(world: World) -> object:
    import bz2
    import gzip
    import lzma
    import zlib

    data = b"abc" * 1000
    return all(m.decompress(m.compress(data)) == data for m in (bz2, gzip, lzma, zlib))


def configuration(world: World) -> object:
    import configparser
    import tomllib

    parser = configparser.ConfigParser()
    parser.read_string("[a]\nb = 1\n")
    return parser.getint("a", "b") == tomllib.loads("a = 1")["a"]


def contexts(world: World) -> object:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as said:
        sys.stdout.write("hello\n")
    return said.getvalue() == "hello\n"


def csv_tables(world: World) -> object:
    import csv

    with (world.home / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["a", "b"], [1, "x,y"]])
    with (world.home / "t.csv").open(newline="") as file:
        return list(csv.DictReader(file)) == [{"a": "1", "b": "x,y"}]


def dates(world: World) -> object:
    import datetime
    import zoneinfo

    zone = zoneinfo.ZoneInfo("Europe/Lisbon")
    return datetime.datetime(2024, 7, 1, tzinfo=zone).utcoffset() == datetime.timedelta(hours=1)


def decimals(world: World) -> object:
    from decimal import Decimal
    from fractions import Fraction

    return Decimal("0.1") + Decimal("0.2") == Decimal("0.3") and Fraction(1, 3) * 3 == 1


def databases(world: World) -> object:
    import sqlite3

    with sqlite3.connect(world.home / "d.sqlite") as base:
        base.execute("create table t (x)")
        base.executemany("insert into t values (?)", [(n,) for n in range(10)])
        return base.execute("select sum(x) from t").fetchone() == (45,)


def differences(world: World) -> object:
    import difflib

    return list(difflib.unified_diff(["a"], ["b"], lineterm=""))[-1] == "+b"


def emails(world: World) -> object:
    from email import message_from_string
    from email.message import EmailMessage

    message = EmailMessage()
    message["Subject"] = "ça va"
    message.set_content("text")
    return message_from_string(message.as_string())["Subject"] is not None


def folders(world: World) -> object:
    import shutil
    from pathlib import Path

    (world.home / "a/b").mkdir(parents=True)
    (world.home / "a/b/c.txt").write_text("x")
    shutil.copytree(world.home / "a", world.home / "copy")
    shutil.move(world.home / "copy", world.home / "moved")
    found = [path.name for path in Path(world.home / "moved").rglob("*.txt")]
    shutil.rmtree(world.home / "a")
    return found == ["c.txt"]


def futures(world: World) -> object:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as pool:
        return sum(pool.map(lambda n: n * n, range(100))) == 328350


def hashes(world: World) -> object:
    import hashlib
    import hmac
    import secrets

    key = secrets.token_bytes(16)
    return len(hmac.new(key, b"x", hashlib.sha256).digest()) == 32 and hashlib.scrypt(
        b"p", salt=b"s", n=16, r=1, p=1
    )


def html_and_urls(world: World) -> object:
    from html.parser import HTMLParser
    from urllib.parse import parse_qs, urlsplit

    HTMLParser().feed("<p>x</p>")
    return parse_qs(urlsplit("https://example.org/?a=1").query) == {"a": ["1"]}


def json_documents(world: World) -> object:
    import json

    (world.home / "x.json").write_text(json.dumps({"a": [1, None, "é"]}))
    return json.loads((world.home / "x.json").read_text()) == {"a": [1, None, "é"]}


def logs(world: World) -> object:
    import logging.handlers

    handler = logging.handlers.RotatingFileHandler(world.home / "l.log", maxBytes=20, backupCount=2)
    for number in range(10):
        handler.emit(logging.makeLogRecord({"msg": f"line {number}"}))
    handler.close()
    return len(list(world.home.glob("l.log*"))) == 3


def mapped_files(world: World) -> object:
    import mmap

    (world.home / "m").write_bytes(b"abc")
    with (world.home / "m").open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0:1] = b"x"
    return (world.home / "m").read_bytes() == b"xbc"


def our_own_process(world: World) -> object:
    import platform
    import resource
    import signal

    got = []
    signal.signal(signal.SIGUSR1, lambda *_: got.append(1))
    os.kill(os.getpid(), signal.SIGUSR1)
    os.sched_setaffinity(0, os.sched_getaffinity(0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    return got and platform.uname().system and os.cpu_count()


def alarms(world: World) -> object:
    import signal

    got = []
    signal.signal(signal.SIGALRM, lambda *_: got.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
    return got


def pipes(world: World) -> object:
    import selectors
    import socket

    ours, theirs = socket.socketpair()
    with ours, theirs, selectors.DefaultSelector() as selector:
        selector.register(theirs, selectors.EVENT_READ)
        ours.sendall(b"x")
        return selector.select(1) and theirs.recv(1) == b"x"


def patterns(world: World) -> object:
    import fnmatch
    import re
    import string

    text = string.Template("$a-1").substitute(a="x")
    return re.fullmatch(r"\w-\d", text) and fnmatch.fnmatch(text, "x*")


def queues(world: World) -> object:
    import queue
    import threading

    line: queue.Queue[int] = queue.Queue()
    threads = [threading.Thread(target=line.put, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return line.qsize() == 40


def statistics_of(world: World) -> object:
    import cmath
    import math
    import statistics

    return statistics.median([1, 2, 9]) == 2 and math.isclose(cmath.exp(0).real, 1)


def temporary_files(world: World) -> object:
    import tempfile

    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(b"x")
        inside = os.path.dirname(folder) == os.environ["TMPDIR"]
    with tempfile.SpooledTemporaryFile(max_size=1) as spooled:
        spooled.write(b"more than one")
    return inside and not os.path.exists(folder)


def texts(world: World) -> object:
    import locale
    import textwrap
    import unicodedata

    locale.setlocale(locale.LC_ALL, "C.UTF-8")
    return textwrap.fill("a b", 1) == "a\nb" and unicodedata.normalize("NFC", "e\u0301") == "é"


def trees(world: World) -> object:
    import ast
    import xml.etree.ElementTree as ET
    from importlib import resources

    assert resources.files("json").joinpath("__init__.py").is_file()
    return ET.fromstring("<a><b/></a>").find("b") is not None and ast.parse("1 + 1")


def numbers_in_arrays(world: World) -> object:
    import numpy as np  # type: ignore[import-not-found, unused-ignore]  # not always there

    values = np.random.default_rng(1).random((300, 300))
    return (values @ np.linalg.inv(values)).trace() > 299


SCRIPTS = (
    archives, async_loop, async_threads, attributes, bisecting, compression, configuration,
    contexts, csv_tables, dates, decimals, databases, differences, emails, folders, futures,
    hashes, html_and_urls, json_documents, logs, mapped_files, our_own_process, alarms, pipes,
    patterns, queues, statistics_of, temporary_files, texts, trees,
)  # fmt: skip
HAS_NUMPY = "numpy" in sys.modules or any(
    os.path.isdir(os.path.join(entry, "numpy")) for entry in sys.path
)
