"""Pure rules and facts of vouchers: standard library only, no I/O."""
