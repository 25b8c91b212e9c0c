"""Calling a script's function in an interpreter that has none of our code."""

from __future__ import annotations

from typing import Final

__all__ = ["CALLING"]

# Run with `-c`: the script, its function and the arguments follow. Parameters come on stdin as a
# JSON object, the answer goes to stdout; what is printed on the way goes to stderr, so that the
# answer stays the one JSON value there.
CALLING: Final = """
import contextlib, importlib.util, inspect, json, os, sys
path, name, *words = sys.argv[1:]
sys.argv = [path, *words]
sys.path[:0] = [os.path.dirname(path)]
given = "" if sys.stdin is None else sys.stdin.read()
params = json.loads(given) if given.strip() else {}
spec = importlib.util.spec_from_file_location("script", path)
script = sys.modules["script"] = importlib.util.module_from_spec(spec)
with contextlib.redirect_stdout(sys.stderr):
    spec.loader.exec_module(script)
    answer = getattr(script, name)(**params)
    if inspect.isawaitable(answer):
        import asyncio
        async def wait():
            return await answer
        answer = asyncio.run(wait())
print(json.dumps(answer, ensure_ascii=False))
"""
