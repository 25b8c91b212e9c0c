"""Forty secrets, each in a place of its own, through every command: none comes out."""

import gc
import sqlite3
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.util._once import Once
from tests.engine.observe.conftest import receiver, serving  # noqa: F401  (a fixture)

from ciranda.cli import crash
from ciranda.vault import Vault
from ciranda.vault.forms import forms_of

CANARIES = {f"S{n:02d}": f"canary{n:02d}-{n * 7919:06d}/x" for n in range(40)}
FLOW = """\
ciranda: 1
name: canaries
plugins: [./acts.py]
inputs:
  pin: {type: secret}
  note: {default: none}
  key: {default: none}
env: {TOP: "${{ secrets.S00 }}"}
secrets:
SECRETS
  S36: {env: S36}
  S37: {file: ../S37.txt}
  S38: {command: [sh, -c, "printf %s \\"$S38\\""]}
concurrency: {group: "g-${{ inputs.note }}"}
rate: {requests: 1000/1s, key: "${{ inputs.key }}"}
steps:
  argv: {run: [sh, -c, 'echo "said $0"; echo "err $0" >&2', "${{ secrets.S03 }}"]}
  stdin: {run: [cat], stdin: "${{ secrets.S04 }}", parse: text}
  env: {run: [sh, -c, 'echo $OWN $TOP'], env: {OWN: "${{ secrets.S05 }}"}}
  pieces:
    run:
      - sh
      - -c
      - head -c 65530 /dev/zero | tr '\\0' x; printf %s "${P%/x}"; sleep 0.3; printf '/x\\n'
    env: {P: "${{ secrets.S06 }}"}
  coded: {run: [sh, -c, 'printf "%s" "$P" | base64'], env: {P: "${{ secrets.S07 }}"}}
  say: {uses: acts.say, with: {text: "${{ secrets.S08 }}"}}
  prints: {uses: acts.prints, with: {text: "${{ secrets.S09 }}"}}
  worker: {uses: acts.prints, with: {text: "${{ secrets.S10 }}"}, executor: process}
  asks: {uses: acts.asks, with: {name: S11}}
  raises: {uses: acts.raises, with: {text: "${{ secrets.S12 }}"}, continue-on-error: true}
  crashes: {uses: acts.crashes, with: {text: "${{ secrets.S13 }}"}, continue-on-error: true}
  keyed: {uses: acts.say, with: {text: k}, idempotency-key: "k-${{ secrets.S14 }}"}
  cached: {uses: acts.say, with: {text: c}, cache: {key: "c-${{ secrets.S15 }}"}}
  kept: {uses: acts.give, with: {text: "${{ secrets.S16 }}"}, cache: {key: kept}}
  limited:
    uses: acts.say
    with: {text: l}
    rate: {requests: 100/1s, key: "r-${{ secrets.S17 }}"}
    concurrency: {group: "c-${{ secrets.S18 }}"}
    breaker: {key: "b-${{ secrets.S19 }}"}
  many: {uses: acts.many, with: {names: [S20, S21, S22, S23, S31, S35]}}
  tells:
    emit: {event: told, data: {x: "${{ steps.many.output.S20 }}"}}
    continue-on-error: true
  hears: {wait: {event: told, timeout: 1ms, default: none}}
  named:
    emit: {event: "e-${{ steps.many.output.S21 }}", data: 1}
    continue-on-error: true
  told:
    fail:
      kind: t.x
      message: "m ${{ steps.many.output.S22 }}"
      detail: {d: "${{ steps.many.output.S23 }}"}
    continue-on-error: true
  file: {uses: data.read, with: {path: "${{ secrets.S24 }}.csv"}, continue-on-error: true}
  missing: {run: ["${{ secrets.S25 }}"], continue-on-error: true}
  folder: {run: [pwd], cwd: "${{ secrets.S26 }}", continue-on-error: true}
  http:
    uses: http.request
    with:
      allow_private: true
      url: "http://127.0.0.1:1/${{ secrets.S27 }}"
      headers: {Authorization: "Bearer ${{ secrets.S28 }}"}
    continue-on-error: true
  items: {map: [1, 2], uses: acts.give, with: {text: "${{ item }} ${{ secrets.S29 }}"}}
  group:
    steps:
      inner: {uses: acts.give, with: {text: "${{ secrets.S30 }}"}}
    outputs: {x: "${{ steps.inner.output }}"}
  called:
    uses: ./inner.yaml
    with: {word: "${{ steps.many.output.S31 }}"}
    secrets: {TOKEN: "${{ secrets.S32 }}"}
    continue-on-error: true
  passed: {uses: ./inner.yaml, with: {word: w}, secrets: {TOKEN: "${{ secrets.S32 }}"}}
  tried:
    try: {bad: {uses: acts.raises, with: {text: "${{ secrets.S33 }}"}}}
    catch: [{as: e, steps: {says: {uses: acts.say, with: {text: "${{ e.message }}"}}}}]
  made:
    run: [sh, -c, 'touch "out-${0%/x}"', "${{ secrets.S34 }}"]
  asked:
    approve: {prompt: "Ship ${{ steps.many.output.S35 }}?", timeout: 1ms, default: {approved: true}}
  three: {uses: acts.give, with: {text: "${{ secrets.S36 }} ${{ secrets.S37 }} ${{ secrets.S38 }}"}}
  pins: {uses: acts.give, with: {text: "${{ inputs.pin }} ${{ inputs.note }}"}}
  last: {run: [test, -e, go], needs: [three, asked]}
outputs: {note: "${{ inputs.note }}", said: "${{ steps.say.output }}"}
on-failure: {sorry: {uses: acts.say, with: {text: "${{ error.message }}"}}}
"""
INNER = """\
ciranda: 1
inputs: {word: string}
secrets: {TOKEN: {env: NOBODY}}
steps:
  a: {run: [echo, "${{ inputs.word }} ${{ secrets.TOKEN }}"]}
outputs: {said: "${{ steps.a.output.stdout }}"}
"""
ACTS = """
import sys
import time

from ciranda import Context, StepError, action, hookimpl


@action("acts.say", version="1")
def say(text: str, ctx: Context) -> str:
    ctx.log.warning(f"a {text} b", field=text)
    ctx.progress(1, 2, text)
    return text


@action("acts.prints")
def prints(text: str) -> None:
    print("out", text)
    print("err", text, file=sys.stderr)
    sys.stdout.write(text[:9])
    sys.stdout.write(text[9:] + " in pieces\\n")
    sys.stdout.write("x" * 9_000 + text[:9])
    sys.stdout.write(text[9:] + "y" * 10)


@action("acts.asks")
def asks(name: str, ctx: Context) -> dict:
    secret = ctx.secret(name)
    return {"plain": secret, "in": [f"<{secret}>"], secret: 1, "bytes": secret.encode()}


@action("acts.many")
def many(names: list[str], ctx: Context) -> dict[str, str]:
    return {name: ctx.secret(name) for name in names}


@action("acts.raises")
def raises(text: str) -> None:
    raise StepError("t.boom", f"no {text}", detail={"deep": [text], text: 1})


@action("acts.crashes")
def crashes(text: str) -> None:
    held = {"key": text}
    raise KeyError(held["key"])


@action("acts.give", version="1")
def give(text: str) -> str:
    return text


@hookimpl
def actions():
    return [say, prints, asks, many, raises, crashes, give]
"""


@pytest.fixture
def flow(project, monkeypatch):
    for name, text in CANARIES.items():
        monkeypatch.setenv(name, text)
    (project.parent / "S37.txt").write_text(CANARIES["S37"])
    named = "\n".join(f"  S{n:02d}: {{env: S{n:02d}}}" for n in range(36))
    (project / "flow.yaml").write_text(FLOW.replace("SECRETS", named))
    (project / "inner.yaml").write_text(INNER)
    (project / "acts.py").write_text(ACTS)
    return project


def leaks(data: bytes) -> list[str]:
    """Return the names of the canaries that bytes hold in any form."""
    return [
        name
        for name, text in CANARIES.items()
        if any(form.encode() in data for form in forms_of(text).values())
    ]


def sweep(folder: Path) -> None:
    """See to it that no file of a folder holds a canary, by name or content."""
    found = {
        str(path.relative_to(folder)): leaks(path.read_bytes()) + leaks(str(path).encode())
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert ".ciranda/ciranda.db" in found
    assert {name: leaked for name, leaked in found.items() if leaked} == {}
    with sqlite3.connect(folder / ".ciranda" / "ciranda.db") as store:
        for table in ("records", "inbox", "outputs", "runs", "blobs"):
            rows = store.execute(f"SELECT * FROM {table}").fetchall()
            assert (table, leaks(repr(rows).encode())) == (table, [])


@pytest.fixture(scope="module")
def receiving():
    """Receive traces in a process that those who count processes do not find later."""
    with serving() as found:
        yield found


@pytest.fixture
def traced(receiver):  # noqa: F811
    """Send traces; nothing of it is left for tests that fork, which its threads would follow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        patch.setattr(trace, "_TRACER_PROVIDER", None)
        patch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
        yield receiver
    gc.collect()


def test_no_secret_comes_out_of_any_command(cli, flow, traced, monkeypatch):
    pin = f"pin={CANARIES['S39']}"
    more = ["-i", f"note=my {CANARIES['S01']}", "-i", f"key=my {CANARIES['S02']}"]
    said = {}

    def told(*words, code=0):
        found = cli(*words, code=code)
        said[" ".join(words)] = found.out + found.err
        return found

    told("run", "flow.yaml", "-i", pin, *more, code=1)
    assert (flow / ".ciranda" / "groups.db").is_file()
    sweep(flow)
    monkeypatch.setenv("CIRANDA_LOG", "debug")
    told("rerun", "last", "--from", "argv", "--set", pin, code=1)
    monkeypatch.delenv("CIRANDA_LOG")
    (flow / "go").touch()
    done = told("resume", "last", "-i", pin, "-o", "json")
    assert done.data["outputs"] == {"note": "my ***", "said": "***"}
    told("validate", "flow.yaml")
    told("plan", "flow.yaml", "-i", pin)
    told("graph", "flow.yaml")
    for command in ("show", "logs", "trace", "graph"):
        told(command, "last")
    told("runs")
    told("runs", "-o", "json")
    told("show", "last", "-o", "json")
    told("trace", "last", "--html", "page.html")
    told("trace", "last", "--otlp", traced.url)
    for step in ("argv", "raises", "kept", "asked", "hears", "http", "passed/a", "tried"):
        told("explain", "last", step)
    spans = repr(traced.spans()).encode()

    assert len(spans) > 10_000
    assert leaks(spans) == []
    shown = {words: leaks(text.encode()) for words, text in said.items()}
    assert {words: leaked for words, leaked in shown.items() if leaked} == {}
    assert (flow / "page.html").stat().st_size > 10_000
    sweep(flow)


PLACES = """\
ciranda: 1
secrets: {S: {env: S00}}
inputs: {n: {default: "${{ secrets.S }}"}}
concurrency: {group: "${{ secrets.S }}"}
rate: {requests: 1/1s, key: "${{ secrets.S }}"}
steps:
  cond: {if: secrets.S == 'x', run: [echo]}
  list: {map: "${{ [secrets.S] }}", run: [echo]}
  waits: {wait: {event: "${{ secrets.S }}"}}
  asks: {approve: {prompt: "${{ secrets.S }}"}}
  tells: {emit: {event: e, data: "${{ secrets.S }}"}}
  fails: {fail: {kind: t.x, message: "${{ secrets.S }}"}}
  ends: {succeed: {outputs: {x: "${{ secrets.S }}"}}}
  group: {steps: {a: {run: [echo]}}, outputs: {x: "${{ secrets.S }}"}}
outputs: {x: "${{ secrets.S }}"}
"""


def test_places_that_would_show_a_secret_are_faults_of_the_file(cli, flow):
    (flow / "places.yaml").write_text(PLACES)
    said = cli("validate", "places.yaml", code=2).err

    wrong = {line.split(":")[1] for line in said.splitlines() if line.startswith("places.yaml:")}
    assert wrong == {str(n) for n, line in enumerate(PLACES.splitlines(), 1) if "secrets." in line}


HEARING = """\
ciranda: 1
name: hearing
secrets: {S00: {env: S00}, S01: {env: S01}, S02: {env: S02}, S03: {env: S03}, S04: {env: S04}}
steps:
  hears: {wait: {event: told}}
  asked: {approve: {prompt: "Ship?", form: {word: string}}}
  uses: {run: [echo, "${{ steps.hears.output.x }}", "${{ steps.asked.output.form.word }}"]}
  again: {wait: {event: never}}
"""


def test_what_people_say_to_a_run_is_masked_and_gone_once_it_is_heard(cli, flow):
    (flow / "hearing.yaml").write_text(HEARING)
    said = {name: f"my {CANARIES[name]}" for name in ("S00", "S01", "S02", "S03", "S04")}
    told = [cli("run", "hearing.yaml", "--park", code=5)]
    cli("emit", "told", "last", "-d", f"x={said['S00']}", "--source", said["S01"])
    cli("approve", "last", "--set", f"word={said['S02']}", "--comment", said["S03"])

    told.append(cli("resume", "last", "--park", code=5))
    assert "my ***" in cli("logs", "last", "uses").out
    sweep(flow)

    told.append(cli("cancel", "last", "--reason", said["S04"]))
    sweep(flow)
    asked = ("show", "show -o json", "explain hears", "explain asked", "explain again", "logs")
    for command, *rest in map(str.split, (*asked, "trace --html page.html")):
        told += [cli(command, "last", *rest)]
    sweep(flow)
    assert leaks("".join(one.out + one.err for one in told).encode()) == []
    assert "my ***" in told[3].out + told[4].out


def test_a_report_of_our_own_failure_is_masked(project, monkeypatch):
    (project / ".ciranda").mkdir()
    vault = Vault({"KEY": CANARIES["S00"]})
    error = ValueError(f"no such key: {CANARIES['S00']}")

    said = crash.keep(error)

    assert said.startswith("(ValueError: no such key: ***); please report it with ")
    (file,) = (project / ".ciranda" / "crash").iterdir()
    assert "no such key: ***" in file.read_text()
    monkeypatch.setenv("CIRANDA_DEBUG", "1")
    assert leaks((file.read_text() + crash.keep(error)).encode()) == []
    assert len(vault) == 1
