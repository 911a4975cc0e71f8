"""The only package that knows the chain: JSON-RPC, keys, the embedded chain and deployments."""
