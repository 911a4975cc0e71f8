"""`ape run validity`: the same command as `vouchertrail validity`."""

from node_api.cli.validity import cli

__all__ = ["cli"]
