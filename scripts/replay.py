"""`ape run replay`: the same command as `vouchertrail replay`."""

from node_api.cli.replay import cli

__all__ = ["cli"]
