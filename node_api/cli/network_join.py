"""`vouchertrail network join`: whether a node that joined has what the others have."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import orjson
import rich_click as click

from node_api.chain.rpc import RpcClient
from node_api.cli.network_members import faults, network_option, own_folder
from node_api.cli.options import CHAIN_FAULT, FAULT, Shared, fail, shared_options
from node_api.network.check import DIFFERS
from node_api.network.files import read_network
from node_api.network.joining import compare, is_level

_LOOK_EVERY = 0.5


@click.command()
@click.argument("url")
@click.option("--beside", multiple=True, required=True, metavar="URL", help="JSON-RPC of another organisation's node.")
@click.option(
    "--addresses",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="addresses.json: what contracts.",
)
@click.option("--seconds", type=float, default=600.0, show_default=True, help="How long to wait for it.")
@network_option
@shared_options
def join(
    shared: Shared, named: str | None, url: str, beside: tuple[str, ...], addresses: Path | None, seconds: float
) -> None:
    """Wait until the node at URL has fetched every block, and compare it with the others. Exit code 1 where something differs."""
    contracts = {} if addresses is None else orjson.loads(addresses.read_bytes())["contracts"]
    with faults(shared), ExitStack() as open_clients:
        network = read_network(own_folder(shared, named))
        own, *others = (open_clients.enter_context(RpcClient(one)) for one in (url, *beside))
        deadline = time.monotonic() + seconds
        while not is_level(own, others):
            if time.monotonic() > deadline:
                fail(f"{url} has not fetched all blocks after {seconds:g} s", CHAIN_FAULT, as_json=shared.as_json)
            time.sleep(_LOOK_EVERY)
        findings = compare(own, others, network, {name: one["address"] for name, one in contracts.items()})
    lines = [f"{one.state:8} {one.what:32} {one.found}" for one in findings]
    shared.tell({"url": url, "findings": [asdict(one) for one in findings]}, "\n".join(lines))
    if any(one.state == DIFFERS for one in findings):
        raise SystemExit(FAULT)
