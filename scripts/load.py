"""`ape run load`: the same command as `vouchertrail load`."""

from node_api.cli.load import cli

__all__ = ["cli"]
