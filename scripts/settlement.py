"""`ape run settlement`: the same command as `vouchertrail settlement`."""

from node_api.cli.settlement import cli

__all__ = ["cli"]
