"""`ape run deploy`: the same command as `vouchertrail deploy`."""

from node_api.cli.deploy import cli

__all__ = ["cli"]
