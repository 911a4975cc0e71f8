"""Deployments: numbered steps, a write-ahead journal, and the addresses clients read."""
