"""The protocol: a state machine without clock, network, disk or chance."""

from .application import Application, Outcome
from .block import Block, Header, genesis
from .certificate import (
    Certificate,
    Flaw,
    Phase,
    Statement,
    TimeoutCertificate,
    Verifies,
    check,
    origin,
    statement,
)
from .chain import ForkError
from .evidence import Evidence
from .pacemaker import Pacing
from .replica import Replica
from .validators import Validator, ValidatorSet
from .voice import Signs, Voice

__all__ = [
    "Application",
    "Block",
    "Certificate",
    "Evidence",
    "Flaw",
    "ForkError",
    "Header",
    "Outcome",
    "Pacing",
    "Phase",
    "Replica",
    "Signs",
    "Statement",
    "TimeoutCertificate",
    "Validator",
    "ValidatorSet",
    "Verifies",
    "Voice",
    "check",
    "genesis",
    "origin",
    "statement",
]
