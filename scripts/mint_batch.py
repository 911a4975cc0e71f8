"""`ape run mint_batch`: the same command as `vouchertrail mint_batch`."""

from node_api.cli.mint_batch import cli

__all__ = ["cli"]
