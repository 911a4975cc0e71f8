"""`ape run loaders`: see node_api.cli.loaders."""

from node_api.cli.loaders import cli  # noqa: F401
