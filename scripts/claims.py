"""`ape run claims`: the same command as `vouchertrail claims`."""

from node_api.cli.claims import cli

__all__ = ["cli"]
