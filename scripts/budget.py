"""`ape run budget`: the same command as `vouchertrail budget`."""

from node_api.cli.budget import cli

__all__ = ["cli"]
