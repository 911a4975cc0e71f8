"""The record at a million redemptions and more: tracing, totals, lists, reconciliation, memory and disk."""
