"""Keys, signatures, and the policy by which they are good."""

from __future__ import annotations

import pickle
import stat

import pytest
from nacl.bindings import crypto_sign_seed_keypair

from ciranda_consensus.crypto import (
    KeyFileError,
    PolicyError,
    Signer,
    Verifier,
    check_policy,
    policy,
    read_key,
    write_key,
)
from ciranda_consensus.protocol import Statement, Validator, ValidatorSet, statement

from .edwards import Vector, accepts, vectors

SEED = bytes(range(32))


@pytest.fixture(scope="module")
def twelve() -> list[Vector]:
    return list(vectors())


def test_the_twelve_hold_by_the_equation_and_are_judged_by_the_policy(twelve):
    verifier = Verifier()

    for one in twelve:
        args = one.public, one.message, one.signature
        assert accepts(*args, cofactor=1) is one.plain, one.kind
        assert accepts(*args, cofactor=8) is one.cofactored, one.kind
        assert verifier.verify(*args) is one.accepted, one.kind

    assert len(twelve) == 12
    assert [one.kind for one in twelve if one.accepted] == ["mixed A, mixed R"]


def test_a_vector_of_rfc_8032_is_signed_and_checked():
    seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    signer = Signer(bytes.fromhex(seed))

    assert signer.public.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert signer.sign(b"r") == signature
    assert Verifier().verify(signer.public, b"r", signature)


def test_a_library_of_another_policy_is_refused(monkeypatch):
    check_policy.cache_clear()
    monkeypatch.setattr(policy, "crypto_sign_open", lambda signed, public: b"")

    with pytest.raises(PolicyError, match="accepts A and R of small order"):
        Verifier()

    monkeypatch.undo()
    check_policy.cache_clear()
    Verifier()


def test_every_flipped_bit_and_every_other_length_is_refused():
    signer, verifier = Signer(SEED), Verifier()
    data, public = b"what was said", signer.public
    signature = signer.sign(data)

    for bit in range(512):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not verifier.verify(public, data, bytes(flipped))
    for bit in range(0, 256, 5):
        other = bytearray(public)
        other[bit // 8] ^= 1 << bit % 8
        assert not verifier.verify(bytes(other), data, signature)
    for wrong in (b"", signature[:63], signature + b"\0", bytes(64)):
        assert not verifier.verify(public, data, wrong)
    for wrong in (b"", public[:31], public + b"\0", bytes(32)):
        assert not verifier.verify(wrong, data, signature)
    # The bytes between signature and data are not what tells them apart.
    assert not verifier.verify(public, signature[-1:] + data, signature[:-1])
    assert verifier.verify(public, data, signature)


def test_a_statement_of_one_context_is_none_of_another():
    signer, verifier = Signer(SEED), Verifier()
    member = Validator(signer.public, 1)
    sets = [ValidatorSet(chain, epoch, [member]) for chain in "ab" for epoch in (1, 2)]
    sets.append(ValidatorSet("a", 1, [Validator(signer.public, 2)]))
    contexts = [
        (one, kind, view, phase, height, block)
        for one in sets
        for kind in Statement
        for view in (1, 2)
        for phase in (1, 2)
        for height in (1, 2)
        for block in (bytes(32), bytes(31) + b"\1")
    ]
    said = {statement(*context): context for context in contexts}
    assert len(said) == len(contexts)  # no two contexts share bytes

    first = statement(*contexts[0])
    signature = signer.sign(first)

    assert sum(verifier.verify(signer.public, data, signature) for data in said) == 1


def test_a_signature_is_checked_once_and_a_bad_one_pushes_no_good_one_out():
    signer, verifier = Signer(SEED), Verifier(most=3)
    said = [bytes([number]) for number in range(4)]
    signed = [(signer.public, data, signer.sign(data)) for data in said]

    for one in signed[:3]:
        assert verifier.verify(*one)
    for _ in range(9):
        assert not verifier.verify(signer.public, b"no", bytes(64))
    assert verifier.verify(*signed[0])
    assert (verifier.counts.checked, verifier.counts.remembered) == (12, 1)

    assert verifier.verify(*signed[3])  # the second is forgotten, it was seen least recently
    assert verifier.verify(*signed[0])
    assert (verifier.counts.checked, verifier.counts.remembered) == (13, 2)
    assert verifier.verify(*signed[1])
    assert (verifier.counts.checked, verifier.counts.bad) == (14, 9)


def test_certificates_are_remembered_up_to_the_bound():
    verifier = Verifier(most=2)

    assert not verifier.known(b"a")
    for name in (b"a", b"b", b"a", b"c"):
        if not verifier.known(name):
            verifier.learn(name)

    assert [verifier.known(name) for name in (b"a", b"b", b"c")] == [True, False, True]
    assert verifier.counts.certificates == 3


def test_a_key_is_kept_in_a_file_of_its_owner_alone(tmp_path):
    path = tmp_path / "key"

    written = write_key(path, SEED)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path).public == written.public == crypto_sign_seed_keypair(SEED)[0]
    with pytest.raises(KeyFileError, match="exists: a key is never written over another"):
        write_key(path, SEED)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match=r"others than its owner may read .* run `chmod 600"):
        read_key(path)


def test_a_file_without_a_key_is_refused_and_not_shown(tmp_path):
    for number, text in enumerate(["", "ciranda-key-1", "ciranda-key-1 00ff", "x " + "00" * 32]):
        path = tmp_path / str(number)
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(KeyFileError, match="holds no key: it must be") as caught:
            read_key(path)
        assert "00ff" not in str(caught.value)
    with pytest.raises(KeyFileError, match="cannot be read: No such file"):
        read_key(tmp_path / "none")
    with pytest.raises(KeyFileError, match="cannot be written: No such file"):
        write_key(tmp_path / "none" / "key", SEED)


def test_a_key_shows_nobody_its_secret():
    signer = Signer.generate(lambda count: SEED[:count])

    assert signer.public == Signer(SEED).public
    assert repr(signer) == f"Signer(public={signer.public.hex()})"
    assert SEED.hex() not in repr(signer)
    with pytest.raises(TypeError, match="a key is not to be copied"):
        pickle.dumps(signer)
    with pytest.raises(ValueError, match="a seed of 31 bytes is none"):
        Signer(SEED[1:])
    assert Signer.generate().public != Signer.generate().public
