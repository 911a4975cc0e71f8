"""Command line: one module for each command, reachable as `vouchertrail NAME` and `ape run NAME`."""
