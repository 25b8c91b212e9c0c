"""The run that is killed: a hundred steps of every kind, in a folder of its own."""

from pathlib import Path

ACTIONS = Path(__file__).with_name("acts.py")
ITEMS = 25


def hundred() -> str:
    """Return a workflow of 100 steps: a chain, a fan, retries, a map, threads and programs."""
    lines = [
        "ciranda: 1",
        "name: hundred",
        "plugins: [./acts.py]",
        "inputs: {seed: {type: integer, default: 1}}",
        "steps:",
        "  c0: {uses: acts.add, with: {n: '${{ inputs.seed }}'}}",
    ]
    for n in range(1, 50):  # 50 with c0
        what = "acts.block" if n % 10 == 5 else "acts.add"
        lines.append(f"  c{n}: {{uses: {what}, with: {{n: '${{{{ steps.c{n - 1}.output }}}}'}}}}")
    for n in range(40):  # 90
        source = f"steps.c{n}.output"
        lines.append(f"  f{n}: {{uses: acts.add, with: {{n: '${{{{ {source} }}}}'}}}}")
    rule = "{attempts: 3, backoff: 1ms, factor: 1, cap: 1ms, jitter: none}"
    for n in range(6):  # 96
        source = f"steps.f{n * 6}.output"
        lines.append(
            f"  r{n}: {{uses: acts.flaky, with: {{n: '${{{{ {source} }}}}'}}, retry: {rule}}}"
        )
    lines += [
        "  m:",  # 97
        f"    map: ${{{{ range({ITEMS}) }}}}",
        "    uses: acts.add",
        "    max-parallel: 4",
        "    with: {n: '${{ item + steps.r0.output }}'}",
        "  p0: {run: [echo, '${{ steps.c20.output }}'], parse: json}",  # 98
        "  p1: {run: [echo, '${{ sum(steps.m.output) }}'], parse: json}",  # 99
        "  total:",  # 100
        "    uses: acts.add",
        "    with:",
        "      n: ${{ steps.c49.output + steps.p0.output.data + steps.p1.output.data"
        " + " + " + ".join(f"steps.f{n}.output" for n in range(40)) + ""
        " + " + " + ".join(f"steps.r{n}.output" for n in range(1, 6)) + " }}",
        "outputs: {total: '${{ steps.total.output }}', items: '${{ steps.m.output }}'}",
        "",
    ]
    return "\n".join(lines)
