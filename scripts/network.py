"""`ape run network`: the same command as `vouchertrail network`."""

from node_api.cli.network import cli

__all__ = ["cli"]
