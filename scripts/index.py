"""`ape run index`: the same command as `vouchertrail index`."""

from node_api.cli.index import cli

__all__ = ["cli"]
