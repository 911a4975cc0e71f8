"""A network of geth under redemptions for minutes, one signer cut off meanwhile: what is taken back, and what is lost."""
