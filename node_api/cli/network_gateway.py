"""`vouchertrail network gateway|token`: what a node of this organisation lets others read."""

from __future__ import annotations

import logging
from pathlib import Path

import rich_click as click

from node_api.cli.options import SETTINGS_FAULT, USAGE, Shared, fail, shared_options
from node_api.cli.serve import require_loopback
from node_api.logs import configure_logs
from node_api.network.tokens import TokensUnusable, drop_token, make_token, read_tokens

DEFAULT_PORT = 8700
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("url")
@click.option("--tokens", "file", required=True, type=_FILE, help="Who may read: made by `vouchertrail network token`.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 for any free one."
)
@click.option("--public", is_flag=True, help="Allow an address that others can reach. Put TLS in front.")
@shared_options
def gateway(shared: Shared, url: str, file: Path, host: str, port: int, public: bool) -> None:
    """Let bearers of a token read from the node at URL over JSON-RPC: methods that only read, and no others."""
    require_loopback(shared, host, public=public)
    from node_api.network.gateway import Gateway
    from node_api.serving import serve

    try:
        app = Gateway(url, read_tokens(file)).app()
    except TokensUnusable as fault:
        fail(str(fault), SETTINGS_FAULT, kind="TokensUnusable", as_json=shared.as_json)
    configure_logs(logging.INFO)
    serve(app, host, port, lambda at: shared.tell({"url": at}, f"serving reads of {url} at {at}"), lifespan=True)


@click.command()
@click.argument("file", type=_FILE)
@click.argument("name")
@click.option("--drop", is_flag=True, help="Take it back instead; then start the gateway anew.")
@shared_options
def token(shared: Shared, file: Path, name: str, drop: bool) -> None:
    """Make a token for NAME and show it once, in the place of an older one; FILE keeps its hash alone."""
    try:
        if drop:
            there = drop_token(file, name)
            shared.tell({"name": name, "dropped": there}, f"{name} {'may read no more' if there else 'had no token'}")
            return
        made = make_token(file, name)
    except TokensUnusable as fault:
        fail(str(fault), USAGE, kind="TokensUnusable", as_json=shared.as_json)
    shared.tell({"name": name, "token": made}, f"{made}\nshown once: hand it to {name} over a safe way")
