"""Secrets: out of what is kept and shown, back where they are used."""

import base64
import binascii
import html
import json
import os
import re
import shlex
import sys
import time
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.actions import canonical, plain
from ciranda.errors import InputError, StepError
from ciranda.expressions import Secret
from ciranda.vault import REFERENCE, Vault, cut, encode_reference, redacted, resolve_secrets
from ciranda.workflow.model import SecretRef

KEY = "s3cr3t/K+y='é\"<&x"
PEM = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"
SECRETS = {"API": KEY, "PEM": PEM, "PLAIN": "hunter22", "LONGER": "hunter22-and-more"}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def raised(text: str) -> str:
    try:
        return os.environ[text]
    except KeyError as error:
        return f"{type(error).__name__}: {error!r} {error}"


CANARIES = {
    "plain": KEY,
    "in a sentence": f"the key is {KEY}, really",
    "twice": KEY * 2,
    "base64": b64(KEY),
    "base64 without padding": b64(KEY).rstrip("="),
    "base64 of user:password": b64(f"user:{KEY}"),
    "base64 one further": b64(f"users:{KEY}:x"),
    "base64 two further": b64(f"userss:{KEY}:xy"),
    "urlsafe base64": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "urlsafe base64 of more": base64.urlsafe_b64encode(f"a:{KEY}".encode()).decode(),
    "basic authorization": "Authorization: Basic " + b64(f"ana:{KEY}"),
    "bearer": f"Authorization: Bearer {KEY}",
    "url-encoded": quote(KEY, safe=""),
    "url path": f"https://h/{quote(KEY)}/x",
    "url query": f"https://h/?{urlencode({'k': KEY})}",
    "form": quote_plus(KEY),
    "url-encoded in lower case": re.sub("%..", lambda found: found[0].lower(), quote(KEY)),
    "url userinfo": f"https://ana:{quote(KEY, safe='')}@host/",
    "json": json.dumps({"a": [KEY]}),
    "json in utf-8": json.dumps({"a": [KEY]}, ensure_ascii=False),
    "json with slashes": json.dumps(KEY).replace("/", "\\/"),
    "msgspec json": msgspec.json.encode({"k": KEY}).decode(),
    "repr": repr(KEY),
    "repr of a dict": repr({"k": KEY}),
    "repr of bytes": repr(KEY.encode()),
    "repr of a repr": repr(repr(KEY)),
    "exception": raised(KEY),
    "exception group": repr(ExceptionGroup(KEY, [ValueError(KEY)])),
    "argv": repr(["curl", "-H", KEY]),
    "shell": f"curl -H {shlex.quote(KEY)}",
    "shell line": shlex.join(["curl", "-H", KEY]),
    "hex": KEY.encode().hex(),
    "hex in upper case": KEY.encode().hex().upper(),
    "hexlify": binascii.hexlify(KEY.encode()).decode(),
    "html": html.escape(KEY),
    "html attribute": f'<a href="{html.escape(KEY)}">',
    "environment": f"export API={KEY}",
    "many lines": f"first\n{PEM}last",
    "one line of many": "x MIIEvQIBADANBgkq y",
    "many lines in json": json.dumps({"pem": PEM}),
    "many lines in base64": b64(PEM),
    "secret within a secret": "is hunter22-and-more",
}
# What gives each away: the text itself, pieces of encodings, lines.
GIVEAWAYS = [
    "s3cr3t",
    "czNjcj",
    "3IzdC9L",
    "733372337",
    "hunter22",
    "and-more",
    "MIIEvQ",
    "hkiG9w",
    b64(KEY)[4:16],
]
VAULT = Vault(SECRETS)


@pytest.mark.parametrize("canary", CANARIES.values(), ids=CANARIES)
def test_no_form_of_a_secret_is_shown_or_kept(canary):
    shown = VAULT.mask(f"before {canary} after")
    shown_bytes = VAULT.mask(f"before {canary} after".encode()).decode()
    nested = {"a": [{"text": canary, canary: 1}], "raw": canary.encode()}
    kept = msgspec.msgpack.encode(VAULT.conceal(nested), enc_hook=encode_reference)

    for text in (shown, shown_bytes, kept.decode("latin-1")):
        assert not [mark for mark in GIVEAWAYS if mark in text]
    assert shown == shown_bytes
    assert shown.startswith("before ")
    assert shown.endswith(" after")


def test_there_are_at_least_forty_canaries():
    assert len(CANARIES) >= 40


@pytest.mark.parametrize("canary", CANARIES.values(), ids=CANARIES)
def test_what_is_concealed_and_stored_is_revealed_as_it_was(canary):
    value = {"a": [f"<{canary}>", canary, 1, None], "raw": b"\xff" + canary.encode()}
    stored = msgspec.msgpack.encode(VAULT.conceal(value), enc_hook=encode_reference)

    read = msgspec.msgpack.decode(stored, ext_hook=Vault(SECRETS).ext_hook)

    assert isinstance(read["a"][1], Secret)
    assert VAULT.reveal(read) == value
    assert VAULT.reveal(VAULT.conceal(value)) == value


words = st.text("ab%=\\'\"/é\n", max_size=6)
pieces = st.lists(words | st.sampled_from(list(SECRETS.values())), max_size=4).map("".join)
values = st.recursive(
    st.none() | st.integers(-5, 5) | pieces | pieces.map(str.encode),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=8,
)


@settings(max_examples=share(150), deadline=None)
@given(values)
def test_conceal_and_reveal_are_opposites(value):
    stored = msgspec.msgpack.encode(VAULT.conceal(value), enc_hook=encode_reference)

    assert not any(secret.encode() in stored for secret in SECRETS.values())
    assert VAULT.reveal(msgspec.msgpack.decode(stored, ext_hook=VAULT.ext_hook)) == value


def test_without_secrets_everything_is_handed_back():
    empty = Vault()
    value = {"a": ["x"]}

    assert empty.conceal(value) is value
    assert empty.reveal(value) is value
    assert empty.mask("x") == "x"
    assert not empty


def test_what_holds_no_secret_is_handed_back():
    value = {"a": ["nothing here", 1, b"\xff", None]}

    assert VAULT.conceal(value) is value


def test_a_vault_is_a_mapping_that_shows_names_only():
    assert VAULT["PLAIN"] == "hunter22"
    assert "NOPE" not in VAULT
    assert repr(VAULT) == "Vault(API, PEM, PLAIN, LONGER)"
    opaque = VAULT.opaque()["PLAIN"]
    assert (repr(opaque), opaque.reveal()) == ("***", "hunter22")


def test_text_around_a_secret_stays_readable():
    concealed = VAULT.conceal({"url": "https://h/?k=hunter22&x=1", "n": 1})

    assert redacted(concealed) == {"url": "https://h/?k=***&x=1", "n": 1}
    assert redacted([VAULT.conceal("hunter22")]) == ["***"]


def test_keys_are_masked_because_they_cannot_be_opaque():
    assert VAULT.conceal({"hunter22 of ana": 1}) == {"*** of ana": 1}


def test_text_that_looks_like_a_reference_stays_text():
    forged = msgspec.msgpack.encode(encode_reference(VAULT.opaque()["PLAIN"]))
    lookalikes = ["***", "${{ secrets.PLAIN }}", forged.decode("latin-1"), forged]

    stored = msgspec.msgpack.encode(VAULT.conceal(lookalikes), enc_hook=encode_reference)
    read = msgspec.msgpack.decode(stored, ext_hook=VAULT.ext_hook)

    assert read == lookalikes
    assert VAULT.reveal(read) == lookalikes


def test_no_action_can_return_a_reference():
    with pytest.raises(ValueError, match="msgspec"):
        plain({"a": msgspec.msgpack.Ext(REFERENCE, b"")})


def test_other_extension_types_are_left_alone():
    foreign = msgspec.msgpack.Ext(7, b"x")

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(foreign), ext_hook=VAULT.ext_hook) == (
        foreign
    )


def test_a_secret_that_is_gone_can_be_shown_but_not_used():
    stored = msgspec.msgpack.encode(
        VAULT.conceal(["is hunter22!", b"hunter22"]), enc_hook=encode_reference
    )
    later = Vault({"OTHER": "something"})

    read = msgspec.msgpack.decode(stored, ext_hook=later.ext_hook)

    assert redacted(read) == ["is ***!", "***"]
    for part in read:
        with pytest.raises(StepError, match="add it below `secrets:`") as caught:
            later.reveal(part)
        assert caught.value.kind == "secret"
    with pytest.raises(StepError, match="`PLAIN` is not declared"):
        read[1].parts[0].reveal()


def test_a_rotated_secret_is_read_with_its_new_text():
    stored = msgspec.msgpack.encode(VAULT.conceal("Bearer hunter22"), enc_hook=encode_reference)
    rotated = Vault({"PLAIN": "correct-horse"})

    read = msgspec.msgpack.decode(stored, ext_hook=rotated.ext_hook)

    assert rotated.reveal(read) == "Bearer correct-horse"


def test_only_secrets_are_encoded_as_references():
    with pytest.raises(NotImplementedError, match="complex cannot be stored"):
        encode_reference(1j)


@pytest.mark.parametrize("text", ["", "abc"])
def test_a_secret_that_would_be_found_everywhere_is_refused(text):
    with pytest.raises(
        InputError, match=f"^the secret `PIN` has {len(text)} characters, and one with"
    ):
        Vault({"PIN": text})


def test_a_megabyte_is_masked_in_the_time_it_takes_to_write_it():
    text = "an ordinary line of a log with some numbers 1234567890\n" * 20_000
    start = time.perf_counter()

    assert VAULT.mask(text) == text
    assert VAULT.conceal({"text": text})["text"] is text

    assert time.perf_counter() - start < 30


def test_a_concealed_value_has_no_digest_that_shows_it():
    with pytest.raises(TypeError):
        canonical(VAULT.conceal({"a": "hunter22"}))


class TestResolving:
    """Where secrets come from."""

    def resolve(self, base: Path, environ: dict[str, str] | None = None, timeout=30.0, **where):
        references = {"API": SecretRef(**where)}
        return resolve_secrets(references, base, environ or {}, timeout)["API"]

    def test_each_source_gives_its_text(self, tmp_path):
        (tmp_path / "key").write_text("from file\n")
        command = (sys.executable, "-c", "import os; print(os.environ['X'] + os.getcwd())")

        assert self.resolve(tmp_path, {"KEY": "from env"}, env="KEY") == "from env"
        assert self.resolve(tmp_path, file="key") == "from file"
        assert self.resolve(tmp_path, {"X": "x"}, command=command) == f"x{tmp_path}"

    @pytest.mark.parametrize(
        ("where", "sentence"),
        [
            (
                {"env": "KEY"},
                "^the secret `API` needs the environment variable `KEY`, which is not set$",
            ),
            (
                {"file": "nope"},
                "^the secret `API` cannot be read from nope: No such file or directory$",
            ),
            ({"file": "raw"}, "^the secret `API` is not text in UTF-8$"),
            (
                {"command": ("nope-nope",)},
                "from the command `nope-nope`: No such file or directory$",
            ),
            ({"command": ("false",)}, "`false`, which ended with code 1$"),
            ({}, "says neither `env`, `file` nor `command`"),
        ],
    )
    def test_a_source_that_gives_nothing_is_named(self, tmp_path, where, sentence):
        (tmp_path / "raw").write_bytes(b"\xff")

        with pytest.raises(InputError, match=sentence):
            self.resolve(tmp_path, {"PATH": "/usr/bin:/bin"}, **where)

    def test_a_command_that_hangs_is_ended_with_what_it_started(self, tmp_path):
        command = ("/bin/sh", "-c", "sleep 60 & sleep 60")
        start = time.perf_counter()

        with pytest.raises(InputError, match=r"took longer than 0.2 s"):
            self.resolve(tmp_path, timeout=0.2, command=command)

        assert time.perf_counter() - start < 40


@pytest.mark.parametrize("at", [3000, 4090, 4096, 5000, 8190, 8192, 9000])
def test_a_long_line_is_cut_beside_a_secret_and_never_within(at):
    vault = Vault({"s": "correct horse battery"})
    line = b"x" * at + b"correct horse battery" + b"\xc3\xbc" * 3000
    end = cut(line, vault.mask)

    shown = vault.mask(line[:end]) + vault.mask(line[end:])
    assert shown == vault.mask(line)
    assert 0 < end <= len(line) - 4096
    assert cut(line, None) == len(line) - 4096
