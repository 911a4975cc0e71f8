"""`vouchertrail network`: make, sign, check and run a network of several organisations."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import rich_click as click

from node_api.chain.rpc import RpcClient
from node_api.cli.network_gateway import gateway, token
from node_api.cli.network_holding import backup, hold, release, restore
from node_api.cli.network_join import join
from node_api.cli.network_local import down, restart, status, up
from node_api.cli.network_members import admit, dismiss, validator
from node_api.cli.options import FAULT, USAGE, Shared, fail, shared_options
from node_api.domain.ids import UnixSeconds
from node_api.domain.printable import counted
from node_api.network.check import DIFFERS, Finding, check_node
from node_api.network.checksums import SignatureFault, checked_list, put_signature, who_signed
from node_api.network.create import create_network, network_folder, planned_files
from node_api.network.faults import FilesDiffer, NetworkFault, PlanRefused
from node_api.network.files import read_network, require_derived
from node_api.network.keys import make_keys, sign_text
from node_api.network.organisations_file import read_organisations
from node_api.network.plan import Engine, Network, Organisation, Parameters, Role, Seat, seats
from node_api.network.rules import WEAKNESSES

DEFAULT_CHAIN_ID, DEFAULT_GAS_LIMIT = 31374, 500_000_000
_NETWORK = click.option("--network", "named", help="Name, or folder; without it the only one of this node.")


@click.group(name="network")
def cli() -> None:
    """Make, sign, check and run a network of several organisations, with geth (Clique) or Besu (QBFT)."""


@cli.command()
@click.argument("name")
@click.option("--engine", required=True, type=click.Choice([one.value for one in Engine]), help="What nodes run.")
@click.option(
    "--organisations",
    "file",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Who takes part, TOML.",
)
@click.option("--chain-id", type=int, default=DEFAULT_CHAIN_ID, show_default=True, help="EIP-155 chain id.")
@click.option("--block-time", type=int, default=1, show_default=True, help="Seconds from block to block.")
@click.option("--gas-limit", type=int, default=DEFAULT_GAS_LIMIT, show_default=True, help="Gas of a block.")
@click.option("--accept", multiple=True, type=click.Choice(WEAKNESSES), help="A weakness to go on with.")
@click.option("--dry-run", is_flag=True, help="Check the plan and list its nodes and files; write nothing.")
@shared_options
def create(
    shared: Shared,
    name: str,
    engine: str,
    file: Path,
    chain_id: int,
    block_time: int,
    gas_limit: int,
    accept: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Make the network NAME: genesis, keys, and each organisation's folder. Keys that are there stay as they are."""
    parameters = Parameters(name, Engine(engine), chain_id, block_time, gas_limit, UnixSeconds(int(time.time())))
    folder = _networks(shared) / name
    with _faults(shared):
        organisations = read_organisations(file)
        if dry_run:
            files = planned_files(folder, parameters, organisations, accept)
            lines = [*map(_seat_line, seats(organisations)), *(f"would make {path}" for path in files)]
            shared.tell({"folder": str(folder), "would_make": files}, "\n".join(lines))
            return
        created = create_network(folder, parameters, organisations, accept)
    network, made = created.network, counted(len(created.made), "file")
    lines = [
        *(_seat_line(node.seat) for node in network.nodes),
        *(f"accepted weakness: {weakness}" for weakness in network.accepted),
        f"block 0 has the hash {network.genesis_hash}",
        f"{made} made in {folder}: give each organisation its own folder, and no other",
    ]
    shared.tell({"folder": str(folder), **_plain(network), "made": created.made}, "\n".join(lines))


@cli.command()
@click.argument("name")
@click.argument("organisation")
@click.option("--engine", required=True, type=click.Choice([one.value for one in Engine]), help="What nodes run.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([one.value for one in Role]))
@shared_options
def keys(shared: Shared, name: str, organisation: str, engine: str, roles: tuple[str, ...]) -> None:
    """Make the keys of ORGANISATION in the network NAME here, and print the public ones for the file of organisations."""
    folder = _networks(shared).resolve() / name / organisation
    member = Organisation(organisation, organisation, "127.0.0.1", tuple(map(Role, roles)))
    own = make_keys(folder, member, Engine(engine))
    public: dict[str, str] = {"account": own.account, **{role.value: key for role, key in own.nodes.items()}}
    if own.signer is not None:
        public["signer"] = own.signer
    lines = ["[organisation.keys]", *(f'{what} = "{value}"' for what, value in public.items())]
    shared.tell({"folder": str(folder), "keys": public}, "\n".join(lines))


@cli.command()
@click.argument("network", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--organisation", required=True, help="Who signs.")
@click.option("--signature", help="Made elsewhere, by the wallet of its account, over the text of SHA256SUMS: 0x-hex.")
@shared_options
def sign(shared: Shared, network: Path, organisation: str, signature: str | None) -> None:
    """Sign the checksum list of the folder NETWORK, after comparing every file with it."""
    with _faults(shared):
        plan, listed = read_network(network), checked_list(network)
        require_derived(network, plan)
        made = _bytes(shared, signature) if signature else sign_text(_key_folder(network, organisation), listed)
        path = put_signature(network, plan, organisation, made)
    shared.tell(
        {"organisation": organisation, "signature": f"0x{made.hex()}", "file": str(path), **_plain(plan)},
        f"{organisation} signed {plan.parameters.name}, block 0 {plan.genesis_hash}: give {path} to the others",
    )


@cli.command()
@click.argument("network", type=click.Path(path_type=Path, exists=True, file_okay=False))
@shared_options
def verify(shared: Shared, network: Path) -> None:
    """Compare the folder NETWORK with its checksum list, and tell who signed it. Exit code 1 where somebody has not."""
    with _faults(shared):
        plan = read_network(network)
        require_derived(network, plan)
        signed = who_signed(network, plan)
    lines = [f"{one.state:8} {one.organisation:20} {one.account}" for one in signed]
    shared.tell({"genesis_hash": plan.genesis_hash, "signed": [asdict(one) for one in signed]}, "\n".join(lines))
    if any(one.state != "signed" for one in signed):
        raise SystemExit(FAULT)


@cli.command()
@click.argument("url")
@_NETWORK
@click.option("--bearer", envvar="VOUCHERTRAIL_NETWORK_BEARER", help="Token for an RPC that asks who calls.")
@shared_options
def check(shared: Shared, url: str, named: str | None, bearer: str | None) -> None:
    """Compare the node that answers at URL with the plan. Exit code 1 where something differs."""
    with _faults(shared):
        network = read_network(network_folder(_networks(shared), named))
    try:
        rpc = RpcClient(url, headers={"Authorization": f"Bearer {bearer}"} if bearer else None)
    except ValueError as error:
        fail(str(error), USAGE, as_json=shared.as_json)
    with rpc:
        findings = check_node(rpc, network)
    lines = [line for one in findings for line in _finding_lines(one)]
    shared.tell({"network": network.parameters.name, "findings": [asdict(one) for one in findings]}, "\n".join(lines))
    if any(one.state == DIFFERS for one in findings):
        raise SystemExit(FAULT)


for command in (up, status, down, restart, admit, dismiss, validator, join, gateway, token):
    cli.add_command(command)
for command in (backup, restore, hold, release):
    validator.add_command(command)


@contextmanager
def _faults(shared: Shared) -> Iterator[None]:
    """Gives each fault its exit code; a refused plan is shown with every value, rule and remedy."""
    try:
        yield
    except PlanRefused as fault:
        if shared.as_json:
            shared.tell(
                {"error": "PlanRefused", "message": str(fault), "refusals": list(map(asdict, fault.refusals))}, ""
            )
            raise SystemExit(USAGE) from fault
        fail(str(fault), USAGE, kind="PlanRefused")
    except (FilesDiffer, SignatureFault) as fault:
        fail(str(fault), FAULT, kind=type(fault).__name__, as_json=shared.as_json)
    except NetworkFault as fault:
        fail(str(fault), USAGE, kind=type(fault).__name__, as_json=shared.as_json)


def _networks(shared: Shared) -> Path:
    return shared.settings.data / "networks"


def _key_folder(network: Path, organisation: str) -> Path:
    """The organisation's folder, in that of the whole network or by itself."""
    inside = network / organisation
    return inside if inside.is_dir() else network


def _bytes(shared: Shared, signature: str) -> bytes:
    try:
        return bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        fail("a signature is 0x and 130 hexadecimal digits", USAGE, as_json=shared.as_json)


def _seat_line(seat: Seat) -> str:
    return f"{seat.name:30} {seat.organisation.host}:{seat.p2p_port}, RPC {seat.rpc_host}:{seat.rpc_port}"


def _finding_lines(one: Finding) -> list[str]:
    planned = [f"{'':8} {'planned':24} {one.planned}"] if one.state == DIFFERS else []
    return [f"{one.state:8} {one.what:24} {one.found}", *planned]


def _plain(network: Network) -> dict[str, object]:
    return {
        "network": network.parameters.name,
        "engine": network.parameters.engine,
        "chain_id": network.parameters.chain_id,
        "genesis_hash": network.genesis_hash,
        "validators": network.validators,
        "accepted": network.accepted,
    }
