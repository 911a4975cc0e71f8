"""`vouchertrail network join`: whether a node that joined has what the others have."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

import rich_click as click

from node_api.chain.deployment.addresses import Deployment, read_addresses
from node_api.chain.handle import ChainHandle
from node_api.chain.profile import PROFILES
from node_api.chain.rpc import RpcClient
from node_api.cli.network_members import faults, network_option, own_folder
from node_api.cli.options import CHAIN_FAULT, FAULT, USAGE, Shared, fail, shared_options
from node_api.network.check import DIFFERS, Finding
from node_api.network.files import read_network
from node_api.network.joining import compare, is_level
from node_api.network.others_index import LATER, IndexTold, ask_index, compare_index, not_compared, told_where_final
from node_api.network.plan import Network
from node_api.record import rebuilt_upto
from node_api.services.ports.indexing import PageUnsettled

_LOOK_EVERY = 0.5


@click.command()
@click.argument("url")
@click.option("--beside", multiple=True, required=True, metavar="URL", help="JSON-RPC of another organisation's node.")
@click.option(
    "--addresses",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="addresses.json: what contracts.",
)
@click.option("--index-of", metavar="URL", help="API of another organisation's voucher node: `serve` or `observe`.")
@click.option("--api-key", envvar="VOUCHERTRAIL_JOIN_API_KEY", help="An auditor's, of that voucher node.")
@click.option("--seconds", type=float, default=600.0, show_default=True, help="How long to wait for it.")
@network_option
@shared_options
def join(
    shared: Shared,
    named: str | None,
    url: str,
    beside: tuple[str, ...],
    addresses: Path | None,
    index_of: str | None,
    api_key: str | None,
    seconds: float,
) -> None:
    """Wait until the node at URL has fetched every block, and compare it with the others. Exit code 1 where something differs.

    With --index-of an index is built from the node, and gone afterwards: it must hold what the other one says it holds.
    """
    if index_of is not None and addresses is None:
        fail("--index-of goes with --addresses: an index is of these contracts", USAGE, as_json=shared.as_json)
    until = time.monotonic() + seconds
    with faults(shared), ExitStack() as open_clients:
        network = read_network(own_folder(shared, named))
        deployment = None if addresses is None else _deployment(network, addresses)
        contracts = {} if deployment is None else deployment.contracts
        own, *others = (open_clients.enter_context(RpcClient(one)) for one in (url, *beside))
        while not is_level(own, others):
            if time.monotonic() > until:
                fail(f"{url} has not fetched all blocks after {seconds:g} s", CHAIN_FAULT, as_json=shared.as_json)
            time.sleep(_LOOK_EVERY)
        findings = compare(own, others, network, {name: one.address for name, one in contracts.items()})
        if index_of is None or deployment is None:
            findings.append(not_compared(LATER))
        elif any(one.state == DIFFERS for one in findings):
            findings.append(not_compared("what it is built from differs"))
        else:
            ask = partial(ask_index, index_of, api_key)
            findings.append(_beside_index(shared, network, url, deployment, ask, until))
    lines = [f"{one.state:8} {one.what:32} {one.found}" for one in findings]
    shared.tell({"url": url, "findings": [asdict(one) for one in findings]}, "\n".join(lines))
    if any(one.state == DIFFERS for one in findings):
        raise SystemExit(FAULT)


def _deployment(network: Network, addresses: Path) -> Deployment:
    return read_addresses(addresses, network.parameters.chain_id, network.genesis_hash)


def _beside_index(
    shared: Shared, network: Network, url: str, deployment: Deployment, ask: Callable[[], IndexTold], until: float
) -> Finding:
    """An index built from the node, beside what another's holds at a block that is final."""
    plan, profile = network.parameters, PROFILES[network.parameters.engine].among(len(network.sealers))
    handle = ChainHandle(url, plan.chain_id, network.genesis_hash, embedded=False, profile=profile)
    page = shared.settings.index_page or profile.page
    with handle.connect() as own:
        told = told_where_final(own, ask, profile.confirmations, until)
        try:
            return compare_index(own, told, lambda number: rebuilt_upto(own, handle, deployment, number, page))
        except PageUnsettled as fault:
            fail(str(fault), CHAIN_FAULT, kind="PageUnsettled", as_json=shared.as_json)
