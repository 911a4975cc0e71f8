"""`ape run redemptions`: the same command as `vouchertrail redemptions`."""

from node_api.cli.redemptions import cli

__all__ = ["cli"]
