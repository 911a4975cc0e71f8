"""`ape run merchants`: the same command as `vouchertrail merchants`."""

from node_api.cli.merchants import cli

__all__ = ["cli"]
