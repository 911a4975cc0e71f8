"""Benchmarks: the node beside named peers, in one run. Not part of the service; see bench/README.md."""
