"""Ciranda: an event-driven workflow engine where every subsystem is a plugin."""
