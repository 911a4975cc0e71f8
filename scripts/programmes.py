"""`ape run programmes`: the same command as `vouchertrail programmes`."""

from node_api.cli.programmes import cli

__all__ = ["cli"]
