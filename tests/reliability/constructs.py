"""The run that is killed inside of everything that holds or repeats steps."""

INNER = """
ciranda: 1
inputs: {n: integer}
steps:
  a: {uses: acts.add, with: {n: '${{ inputs.n }}'}}
  never: {sleep: 1h}
  done: {succeed: {outputs: {n: '${{ steps.a.output }}'}}}
on-success: {s: {uses: acts.add, with: {n: '${{ steps.a.output }}'}}}
"""
FLOW = """
ciranda: 1
name: constructs
plugins: [./acts.py]
steps:
  group:
    steps:
      a: {uses: acts.add, with: {n: 1}}
      inner:
        steps: {b: {uses: acts.block, with: {n: '${{ steps.a.output }}'}}}
        outputs: {b: '${{ steps.b.output }}'}
    outputs: {b: '${{ steps.inner.output.b }}'}
  again:
    retry: {attempts: 5, backoff: 1ms, cap: 1ms, on: [acts.busy]}
    steps: {c: {uses: acts.once, with: {n: 1}}}
  pick:
    switch:
      - {if: steps.group.output.b < 0, uses: acts.bad}
      - {uses: acts.add, with: {n: '${{ steps.group.output.b }}'}}
  pay:
    try:
      book:
        uses: acts.add
        with: {n: 3}
        compensate: {undo: {uses: acts.add, with: {n: '${{ steps.book.output }}'}}}
      fails: {needs: book, uses: acts.bad}
    catch:
      - {on: [acts.broken], steps: {caught: {uses: acts.add, with: {n: 5}}}}
    finally:
      last: {uses: acts.add, with: {n: 6}}
    outputs: {n: '${{ steps.book.output ?? null }}'}
  loop:
    while: loop.index < 4
    every: 1ms
    steps:
      d: {uses: acts.add, with: {n: '${{ loop.last.n ?? 7 }}'}}
      e: {map: [1, 2], uses: acts.add, with: {n: '${{ steps.d.output + item }}'}}
    outputs: {n: '${{ sum(steps.e.output) }}'}
  grid:
    matrix: {x: [1, 2], y: [3, 4]}
    uses: acts.add
    with: {n: '${{ matrix.x * matrix.y }}'}
  deep:
    map: [1, 2, 3]
    as: x
    max-parallel: 2
    steps:
      f:
        map: '${{ range(x) }}'
        as: y
        steps: {g: {map: [1, 2], as: z, uses: acts.add, with: {n: '${{ x + y + z }}'}}}
        outputs: {g: '${{ steps.g.output }}'}
    outputs: {f: '${{ steps.f.output }}'}
  race:
    join: race
    steps:
      fast: {uses: acts.add, with: {n: 8}}
      slow: {steps: {h: {sleep: 1h}}}
      waits: {wait: {event: never}}
  two:
    map: [1, 2, 3]
    join: {at-least: 2}
    on-item-failure: keep
    uses: acts.add
    with: {n: '${{ item }}'}
  call: {map: [1, 2], uses: ./inner.yaml, with: {n: '${{ item }}'}}
  tell: {emit: {event: told, data: {n: 9}}}
  hear: {wait: {event: told}}
  ask: {approve: {prompt: well, timeout: 1ms, default: {approved: false}, on-reject: continue}}
  nap: {sleep: 1ms}
  sorry:
    uses: acts.bad
    continue-on-error: true
    on-failure: {note: {uses: acts.add, with: {n: 10}}}
  total:
    uses: acts.add
    with:
      n: >-
        ${{ steps.group.output.b + steps.pick.output + steps.loop.output.n + sum(steps.grid.output)
        + steps.race.output.value + steps.hear.output.n + steps.call.output[1].n }}
on-success: {s: {uses: acts.add, with: {n: '${{ steps.total.output }}'}}}
finally: {z: {map: [1, 2], uses: acts.add, with: {n: '${{ item }}'}}}
outputs:
  total: ${{ steps.total.output }}
  paid: ${{ steps.pay.output }}
  deep: ${{ steps.deep.output }}
  two: ${{ steps.two.output }}
  asked: ${{ steps.ask.output }}
"""
UNDONE = "pay/"  # what was undone is done again when the run is killed before it was caught
