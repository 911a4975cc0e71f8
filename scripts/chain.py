"""`ape run chain`: the same command as `vouchertrail chain`."""

from node_api.cli.chain import cli

__all__ = ["cli"]
