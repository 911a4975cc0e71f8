"""`ape run loaders`: the same command as `vouchertrail loaders`."""

from node_api.cli.loaders import cli

__all__ = ["cli"]
