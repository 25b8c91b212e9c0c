"""What signatures cost: made, checked, remembered; a certificate of many; entries of a block.

Run alone: `python -m benchmarks.consensus_crypto [validators]`. Seconds of processor, best of
several rounds. What is remembered is counted apart from what is checked.
"""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.consensus_merkle import best
from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.encoding import decode, encode
from ciranda_consensus.protocol import (
    Certificate,
    Phase,
    Statement,
    Validator,
    ValidatorSet,
    check,
    statement,
)
from ciranda_consensus.state import AccountRules, Machine, Transfer, opening, signed

MANY = 1_000


def signatures() -> None:
    signer = Signer(bytes(32))
    data = [b"statement %d" % number * 10 for number in range(MANY)]
    said = [(signer.public, one, signer.sign(one)) for one in data]
    print(f"sign                {MANY / best(lambda: [signer.sign(o) for o in data]):>12,.0f} /s")

    def cold() -> None:
        verifier = Verifier()
        assert all(verifier.verify(*one) for one in said)
        assert verifier.counts.checked == MANY

    print(f"verify              {MANY / best(cold):>12,.0f} /s")
    warm = Verifier()
    for one in said:
        warm.verify(*one)
    took = best(lambda: [warm.verify(*one) for one in said])
    print(f"verify, remembered  {MANY / took:>12,.0f} /s")


def certificate(count: int) -> None:
    signers = [Signer(number.to_bytes(32, "big")) for number in range(count)]
    validators = ValidatorSet("bench", 1, [Validator(one.public, 1) for one in signers])
    data = statement(validators, Statement.VOTE, 5, Phase.COMMIT, 4, bytes(32))
    signed_by = tuple(one.sign(data) for one in signers[: validators.quorum])
    bits = (1 << validators.quorum) - 1
    one = Certificate(5, Phase.COMMIT, 4, bytes(32), bits, signed_by)

    def cold() -> None:
        assert check(one, validators, Verifier()) is None

    took = best(cold, 3)
    each = took / len(signed_by) * 1e6
    print(f"certificate of {len(signed_by):<5}{took * 1e3:>12.2f} ms, each {each:.1f} us")
    warm = Verifier()
    check(one, validators, warm)
    took = best(lambda: [check(one, validators, warm) for _ in range(100)]) / 100
    print(f"  remembered        {took * 1e3:>12.4f} ms")


def entries() -> None:
    signers = [Signer(number.to_bytes(32, "big")) for number in range(MANY)]
    ids = [one.public for one in signers]
    validators = ValidatorSet("bench", 1, [Validator(ids[0], 1)])
    state = opening(dict.fromkeys(ids, 1_000), {})
    sent = tuple(
        signed(one, "bench", Transfer(one.public, 0, ((ids[at - 1], 7),)))
        for at, one in enumerate(signers)
    )
    row = decode(sent[0])
    rounds = range(MANY)
    print(f"encode a transfer   {MANY / best(lambda: [encode(row) for _ in rounds]):>12,.0f} /s")
    took = best(lambda: [decode(sent[0]) for _ in rounds])
    print(f"decode a transfer   {MANY / took:>12,.0f} /s")

    def submit() -> Machine:
        machine = Machine(AccountRules(validators, Verifier()), state)
        assert not any(machine.submit(one) for one in sent)
        return machine

    print(f"submit transfers    {MANY / best(submit, 3):>12,.0f} /s, with their signatures")
    machine = submit()
    proposed = machine.propose(state, 1)
    assert len(proposed) == MANY
    print(f"propose them        {MANY / best(lambda: machine.propose(state, 1), 3):>12,.0f} /s")
    turn = iter(range(1, 99))

    def execute() -> Any:
        outcome = machine.execute(state, next(turn), proposed)  # another height, so not remembered
        assert not outcome.flaw
        return outcome

    print(f"execute them        {MANY / best(execute, 3):>12,.0f} /s, signatures remembered")


def main() -> None:
    signatures()
    certificate(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
    entries()


if __name__ == "__main__":
    main()
