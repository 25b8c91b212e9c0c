"""A server of MCP without the SDK, so that it starts at once and can break every rule.

Run it as a program; its first argument may be a way to begin badly.
"""

import json
import os
import sys
import time

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": False}
OUTPUT = {
    "wrong": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    "regex": {"type": "object", "properties": {"t": {"pattern": "^(a|a)*\\1$"}}},
}
INPUT = {"remote": {"type": "object", "$ref": "http://127.0.0.1:9/schema.json"}}


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def listed(name):
    tool = {"name": name, "description": name.title(), "inputSchema": INPUT.get(name, SCHEMA)}
    return tool | ({"outputSchema": OUTPUT[name]} if name in OUTPUT else {})


def told(value, **more):
    content = [{"type": "text", "text": json.dumps(value)}]
    return {"content": content, "structuredContent": value, **more}


def daemon():
    """Leave a process behind that is nobody's child, in a session of its own."""
    read, write = os.pipe()
    if not os.fork():
        os.setsid()
        child = os.fork()
        if child:
            os.write(write, str(child).encode())
            os._exit(0)
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        time.sleep(60)
    os.wait()
    return int(os.read(read, 20))


def die(*_):
    sys.stderr.write("the last words\n")
    sys.stderr.flush()
    os._exit(3)


def garbage(*_):
    os.write(1, b"DEBUG: this is no message\n")


def flood(*_):
    while True:
        os.write(1, b"x" * 65536)


def storm(*_):
    params = {"t": "y" * 999}
    line = json.dumps({"jsonrpc": "2.0", "method": "notifications/x", "params": params})
    while True:
        os.write(1, f"{line}\n".encode() * 50)


def twice(number, _):
    send({"id": number, "result": told({"first": number})})
    send({"id": number, "result": told({"second": number})})


def late(number, _):
    time.sleep(0.2)
    send({"id": number, "result": told({"late": number})})


def progress(number, params):
    token = params["_meta"]["progressToken"]
    for done in (1, 2):
        told_of = {"progressToken": token, "progress": done, "total": 2, "message": f"at {done}"}
        send({"method": "notifications/progress", "params": told_of})
    send({"id": number, "result": told({})})


def deep():
    value: list[object] = []
    for _ in range(100):
        value = [value]
    return {"deep": value}


def tell():
    content = [{"type": "text", "text": f"the key {os.environ['KEY']} is wrong"}]
    return {"content": content, "isError": True}


# Some do what they like, others return a result or an error.
ACTIVE = {
    "die": die,
    "garbage": garbage,
    "flood": flood,
    "storm": storm,
    "twice": twice,
    "late": late,
    "progress": progress,
    "freeze": lambda *_: time.sleep(60),
    "hang": lambda *_: None,
}
ANSWERS = {
    "echo": lambda given: told({"arguments": given, "pid": os.getpid()}),
    "environ": lambda _: told(dict(os.environ) | {"cwd": os.getcwd()}),
    "fail": lambda _: told({"why": "so"}, isError=True),
    "tell": lambda _: tell(),
    "wrong": lambda _: told({"n": "none"}),
    "regex": lambda _: told({"t": "a" * 60 + "!"}),
    "odd": lambda _: {"content": "no list"},
    "daemon": lambda _: told({"pid": daemon()}),
    "deep": lambda _: told(deep()),
    "remote": lambda _: told({}),
}
NAMES = (*ANSWERS, *ACTIVE, "refuse")


def call(number, name, params):
    if name in ACTIVE:
        ACTIVE[name](number, params)
    elif name == "refuse":
        send({"id": number, "error": {"code": -32000, "message": "not today"}})
    else:
        send({"id": number, "result": ANSWERS[name](params.get("arguments", {}))})


def main(way):
    os.write(1, b"a greeting that is no message\n")
    if way == "silent":
        time.sleep(60)
    if way == "noisy":
        os.write(1, b"noise\n" * 20_000)
        time.sleep(60)
    if way == "broken":
        sys.exit("cannot begin")
    for line in sys.stdin:
        message = json.loads(line)
        number, method, params = (message.get(key) for key in ("id", "method", "params"))
        if method == "initialize":
            version = params["protocolVersion"]
            about = {"name": "peer", "version": "1"}
            ways = {"tools": {"listChanged": True}}
            known = {"protocolVersion": version, "capabilities": ways, "serverInfo": about}
            send({"id": number, "result": known})
        elif method == "ping":
            send({"id": number, "result": {}})
        elif method == "tools/list":
            if way == "endless":
                send({"id": number, "result": {"tools": [listed("echo")], "nextCursor": "more"}})
            else:
                send({"id": number, "result": {"tools": [listed(name) for name in NAMES]}})
        elif method == "tools/call":
            call(number, params["name"], params)
    if way == "stays":
        time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:] or ("well",))
