"""Telemetry: what the council does is remembered, and no judgement waits for it."""
