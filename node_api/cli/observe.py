"""`vouchertrail observe`: the node of a body that looks on, above all a regulator's."""

from __future__ import annotations

import rich_click as click

from node_api.cli.deploy import open_deployed_chain
from node_api.cli.options import Shared, shared_options
from node_api.cli.serve import listening_options, require_fit, serve_until_told, starting_faults


@click.command(name="observe")
@listening_options
@shared_options
def cli(shared: Shared, host: str, port: int, public: bool) -> None:
    """Serve what is read off the chain, from an index of this node's own, without any key; writes are refused."""
    require_fit(shared, host, public=public)
    from node_api.observer import build_observer

    with starting_faults(shared), build_observer(shared.settings, open_deployed_chain(shared.settings)) as observer:
        serve_until_told(shared, observer.api, host, port)
