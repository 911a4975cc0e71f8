"""Ports: what the use cases need from the adapters, as protocols."""
