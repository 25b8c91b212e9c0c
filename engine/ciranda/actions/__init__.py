"""What makes a function a step type: `@action`, its values, its failures."""

from ciranda.actions.action import Action, action
from ciranda.actions.failures import KINDS, failure_of, kind_matches
from ciranda.actions.resources import Resource, Scope, resource
from ciranda.actions.signalled import signalled
from ciranda.actions.types import Arg
from ciranda.actions.values import NotPlainError, canonical, copy_value, digest, plain

__all__ = [
    "KINDS",
    "Action",
    "Arg",
    "NotPlainError",
    "Resource",
    "Scope",
    "action",
    "canonical",
    "copy_value",
    "digest",
    "failure_of",
    "kind_matches",
    "plain",
    "resource",
    "signalled",
]
