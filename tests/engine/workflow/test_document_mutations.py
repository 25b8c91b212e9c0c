"""Real workflows with bytes flipped, cut and doubled: faults with a place, never anything else."""

import random
import time

import pytest

from ciranda.errors import WorkflowError
from ciranda.workflow.document import parse_document
from ciranda.workflow.nodes import Mapping, Scalar

SETTLEMENT = b"""\
ciranda: 1
name: settlement
description: Verify a batch of payments, agree on it, report.
plugins: [./actions.py]

inputs:
  payments: {type: path, default: payments.csv, description: "CSV with id, from, to, amount"}
  validators: {type: integer, default: 4, minimum: 1}

defaults: {timeout: 30s}

steps:
  load:
    uses: data.read
    with: {path: "${{ inputs.payments }}"}

  verify:
    map: ${{ steps.load.output }}   # one at a time
    as: payment
    max-parallel: 16
    retry: {attempts: 3, backoff: 200ms, factor: 2, cap: 10s, on: [timeout, unavailable]}
    if: any(v.verdict == 'approved' for v in steps.verify.output)

outputs:
  report: ${{ steps.report.output.path }}
"""
ANCHORS = b"""\
ciranda: 1
x-retry: &retry
  attempts: 3
  jitter: full
x-quick: &quick {timeout: 5s, <<: *retry}
steps:
  fetch:
    uses: http.get
    retry:
      <<: [*quick, *retry]
      attempts: 5
    with:
      url: 'https://example.org/it''s?a=1&b=2#part'
      headers: {Accept: "text/*", "X-Odd\\u0041": "\\x41\\tb"}
  again:
    retry: *retry
    needs:
      - fetch
      - "other"
"""
BLOCKS = """\
---
ciranda: 1
name: «relatório» 世界 🎈
steps:
  script:
    shell: true
    run: |
      set -e
      for f in *.csv; do
        echo "$f: $(wc -l < "$f")"  # count
      done

  note:
    run: >-
      echo
      folded ${{ inputs.a
        + inputs.b }}

      done
    env:
      PORT: 8080
      VERSION: 3.10
      ZIP: 007
      FLAG: no
      EMPTY:
      TILDE: ~
      BIG: -9223372036854775808
      HEX: 0x1F
      ? long key
      : 1.5e3
...
""".encode()
JSON = b'{"ciranda": 1, "steps": {"a": {"uses": "x.y", "with": {"n": [1, 2.5, null, true]}}}}\n'
WORKFLOWS = [SETTLEMENT, ANCHORS, BLOCKS, BLOCKS.replace(b"\n", b"\r\n"), JSON]
TOKENS = (
    b"[ ] { } , : & * ! | > ' \" # % @ ` - ? << ${{ }} --- ... \t \n \r \0 \xff \xc3 \xed\xa0\x80 "
    b"\xe2\x80\xa8 &a *a <<: !!str \\ \\x \\u .inf 1e999 99999999999999999999 0x -  :  # ~ %YAML"
).split(b" ")


def read(data, **options):
    return parse_document(data, **options)


def mutated(random_source):
    """Return one workflow with one to six small wounds."""
    data = bytearray(random_source.choice(WORKFLOWS))
    for _ in range(random_source.randint(1, 6)):
        at = random_source.randrange(len(data))
        end = min(at + random_source.randint(1, 12), len(data))
        match random_source.randrange(6):
            case 0:
                data[at] ^= 1 << random_source.randrange(8)
            case 1:
                data[at:at] = random_source.choice(TOKENS)
            case 2:
                del data[at:end]
            case 3:
                data[at:at] = data[at:end] * random_source.randint(1, 4)
            case 4:
                other = random_source.choice(WORKFLOWS)
                start = random_source.randrange(len(other))
                data[at:end] = other[start : start + random_source.randint(1, 80)]
            case _:
                data[at] = random_source.randrange(256)
        if not data:
            data += b"a"
    return bytes(data)


@pytest.mark.parametrize("data", WORKFLOWS)
def test_the_workflows_are_whole(data):
    assert read(data).plain()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.uncounted
@pytest.mark.parametrize("seed", range(30))
def test_a_mutated_workflow_reads_or_is_refused_with_a_place(seed):
    random_source = random.Random(seed)

    for _ in range(100):
        data = mutated(random_source)
        start = time.process_time()
        try:
            document = read(data)
            document.plain()
            check_places(document)
        except WorkflowError as error:
            check_faults(error, data)
        assert time.process_time() - start <= 30


def check_faults(error, data):
    assert error.faults
    lines = data.count(b"\n") + data.count(b"\r") + 1
    for fault in error.faults:
        assert fault.message
        assert not fault.message.startswith("this is not YAML"), (fault, data)
        assert fault.picture()
        assert fault.column > 0 or fault.kind == "yaml.encoding"
        assert 0 <= fault.line <= lines


def check_places(document):
    """Ask for the place of every character: none may be missing."""
    left = [document.root]
    while left:
        node = left.pop()
        if isinstance(node, Scalar):
            for offset in range(len(node.text) + 2):
                line, column = document.position_in_scalar(node, offset)
                assert 1 <= line <= len(document.lines)
                assert 1 <= column <= len(document.lines[line - 1]) + 1
        elif isinstance(node, Mapping):
            left.extend(node.entries.values())
            left.extend(node.key_nodes.values())
        else:
            left.extend(node.items)
