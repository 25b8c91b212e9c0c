"""Secrets: opaque where values are kept, `***` where they are shown, real where they are used."""

from ciranda.vault.cutting import cut
from ciranda.vault.references import REFERENCE, encode_reference, redacted
from ciranda.vault.resolving import resolve_secrets
from ciranda.vault.vault import Vault

__all__ = ["REFERENCE", "Vault", "cut", "encode_reference", "redacted", "resolve_secrets"]
