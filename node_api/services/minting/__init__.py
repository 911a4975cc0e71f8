"""Issuing batches that exist to a file of holders alone."""
