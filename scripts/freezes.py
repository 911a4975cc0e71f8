"""`ape run freezes`: the same command as `vouchertrail freezes`."""

from node_api.cli.freezes import cli

__all__ = ["cli"]
