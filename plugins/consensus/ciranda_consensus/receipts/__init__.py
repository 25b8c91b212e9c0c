"""Receipts: what was agreed on, in a form that anybody can check with the validator set alone."""

from .checking import Checked, check_receipt
from .making import receipt_of, state_receipt
from .receipt import FORMAT, Receipt, ReceiptError, Trust, read_receipt, unique

__all__ = [
    "FORMAT",
    "Checked",
    "Receipt",
    "ReceiptError",
    "Trust",
    "check_receipt",
    "read_receipt",
    "receipt_of",
    "state_receipt",
    "unique",
]
