"""`ape run rules`: the same command as `vouchertrail rules`."""

from node_api.cli.rules import cli

__all__ = ["cli"]
