"""`ape run audit`: the same command as `vouchertrail audit`."""

from node_api.cli.audit import cli

__all__ = ["cli"]
