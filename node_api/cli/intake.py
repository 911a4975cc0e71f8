"""`vouchertrail intake`: a process of a node that only takes redemptions in. `serve` starts it, nobody else."""

from __future__ import annotations

import logging
import socket

import rich_click as click

from node_api.cli.options import Shared, shared_options
from node_api.logs import configure_logs


@click.command(name="intake", hidden=True)
@click.option("--listener", type=int, required=True, help="Descriptor of the listener.")
@click.option("--channel", "end", type=int, required=True, help="Descriptor of the way to the process that sends.")
@click.option("--socket", "path", required=True, help="Where that one answers.")
@shared_options
def cli(shared: Shared, listener: int, end: int, path: str) -> None:
    """Take redemptions in for a node that is served."""
    configure_logs(logging.INFO)
    from node_api.channel import opened
    from node_api.cli.deploy import open_deployed_chain
    from node_api.intake import taking_in
    from node_api.serving import serve_listener

    channel = opened(end)
    with taking_in(shared.settings, open_deployed_chain(shared.settings), channel, path) as app:
        serve_listener(app, socket.socket(fileno=listener), lambda: channel.tell("ready"))
