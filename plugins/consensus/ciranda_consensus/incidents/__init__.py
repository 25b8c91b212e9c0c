"""What validators did that they must not, with the evidence, which anybody can check."""

from .incident import FORMAT, Incident, IncidentError, Offended, read_incident

__all__ = ["FORMAT", "Incident", "IncidentError", "Offended", "read_incident"]
