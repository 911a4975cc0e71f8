"""`ape run demo`: the same command as `vouchertrail demo`."""

from node_api.cli.demo import cli

__all__ = ["cli"]
