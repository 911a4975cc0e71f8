"""Loaders write import folders (docs/import.md) from data of others; nothing else reads that data."""
