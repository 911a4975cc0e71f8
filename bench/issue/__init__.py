"""Vouchers issued a second, and the gas of each."""
