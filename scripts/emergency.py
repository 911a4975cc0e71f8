"""`ape run emergency`: the same command as `vouchertrail emergency`."""

from node_api.cli.emergency import cli

__all__ = ["cli"]
