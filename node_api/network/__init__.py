"""Networks of several organisations: their genesis, keys, files and checks, for geth with Clique and Besu with QBFT."""
