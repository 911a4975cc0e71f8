"""VoucherTrail: public vouchers whose money can be recomputed from a permissioned chain."""

__version__ = "0.1.0"
