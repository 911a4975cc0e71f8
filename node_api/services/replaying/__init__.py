"""Replaying the redemptions of an import folder as tills and wallets would make them."""
