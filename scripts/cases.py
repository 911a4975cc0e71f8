"""`ape run cases`: the same command as `vouchertrail cases`."""

from node_api.cli.cases import cli

__all__ = ["cli"]
