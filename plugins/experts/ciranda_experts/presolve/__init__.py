"""Presolve."""
