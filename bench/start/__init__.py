"""Seconds until a node answers."""
