"""`vouchertrail network admit|dismiss` and `network validator`: who takes part, and who may seal blocks, after block 0."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import rich_click as click

from node_api.chain.patient_rpc import PatientRpc
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.cli.options import CHAIN_FAULT, USAGE, Shared, fail, shared_options
from node_api.cli.staff import ADDRESS
from node_api.domain.ids import Address
from node_api.domain.printable import counted
from node_api.network.create import network_folder
from node_api.network.faults import NetworkFault
from node_api.network.files import read_network
from node_api.network.members import NotAMember, awaited_signer, next_signer, switch_signer, validator_of
from node_api.network.members import admit as let_in
from node_api.network.members import dismiss as let_go
from node_api.network.organisations_file import read_organisations
from node_api.network.plan import Engine, Network
from node_api.network.rules import WEAKNESSES
from node_api.network.votes import Ballot, Council, council, vote
from node_api.network.votes import withdraw as take_back

F = TypeVar("F", bound=Callable[..., object])

network_option = click.option("--network", "named", help="Name, or folder; without it the only one of this node.")
_VOTERS = click.option(
    "--organisation", "voters", required=True, multiple=True, help="Whose validator votes; it answers its own machine."
)
BACK_SECONDS = 5.0
"""A node that is being started anew answers again by then."""
_RESTART = "start every node anew, one after the other: `vouchertrail network restart`"


def _ballot_options(command: F) -> F:
    """Adds `ACCOUNT`, `--organisation`, `--accept` and `--seconds`."""
    accept = click.option("--accept", multiple=True, type=click.Choice(WEAKNESSES), help="A weakness to go on with.")
    carried = "Wait so long; carried, it is withdrawn."
    seconds = click.option("--seconds", type=float, default=0.0, show_default=True, help=carried)
    return click.argument("account", type=ADDRESS)(_VOTERS(accept(seconds(command))))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@network_option
@shared_options
def admit(shared: Shared, named: str | None, file: Path) -> None:
    """Take the organisations of FILE into the plan of a network that runs, and make their folders; block 0 stays what it is."""
    with faults(shared):
        joining = read_organisations(file)
        network = let_in(own_folder(shared, named), joining)
    names = {one.name for one in joining}
    sealers = [str(node.signer) for node in network.nodes if node.seat.organisation.name in names and node.signer]
    lines = [
        f"{', '.join(sorted(names))} taken in; so that the others' nodes let theirs in, {_RESTART}",
        *(f"each member then votes: vouchertrail network validator propose {one} --organisation …" for one in sealers),
        "all sign the new list: vouchertrail network sign",
    ]
    shared.tell({"members": list(network.signers_of_list), "sealers": sealers}, "\n".join(lines))


@click.command()
@click.argument("organisation")
@network_option
@shared_options
def dismiss(shared: Shared, named: str | None, organisation: str) -> None:
    """Take ORGANISATION out of the plan, so that nobody lets its nodes in any more; vote its validator out first."""
    with faults(shared):
        network = let_go(own_folder(shared, named), organisation)
    shared.tell({"members": list(network.signers_of_list)}, f"{organisation} is no member any more; {_RESTART}")


@click.group()
def validator() -> None:
    """Who may seal blocks: list, vote, change the key, and hold back a copy of it."""


@validator.command(name="list")
@click.option("--organisation", help="Whose validator is asked; without it the first one of the plan.")
@click.option("--member", help="Print the account alone that this organisation seals with by the plan.")
@network_option
@shared_options
def listed(shared: Shared, named: str | None, organisation: str | None, member: str | None) -> None:
    """Tell who may seal blocks by the newest block, and what this organisation's validator votes for."""
    with faults(shared):
        network = read_network(own_folder(shared, named))
        if member is not None:
            account = validator_of(network, member).signer
            shared.tell({"account": account}, str(account))
            return
        with validator_client(network, organisation) as rpc:
            found = council(rpc, network.parameters.engine)
    _tell(shared, network, found)


@validator.command()
@_ballot_options
@network_option
@shared_options
def propose(
    shared: Shared, named: str | None, account: str, voters: tuple[str, ...], accept: tuple[str, ...], seconds: float
) -> None:
    """Vote for ACCOUNT to seal blocks; more than half of the validators have to."""
    ballot = Ballot(Address(account), True, accept)
    _vote(shared, named, voters, lambda clients, engine: vote(clients, engine, ballot, seconds))


@validator.command()
@_ballot_options
@network_option
@shared_options
def remove(
    shared: Shared, named: str | None, account: str, voters: tuple[str, ...], accept: tuple[str, ...], seconds: float
) -> None:
    """Vote for ACCOUNT to seal no more; more than half of the validators have to."""
    ballot = Ballot(Address(account), False, accept)
    _vote(shared, named, voters, lambda clients, engine: vote(clients, engine, ballot, seconds))


@validator.command()
@click.argument("account", type=ADDRESS)
@_VOTERS
@network_option
@shared_options
def withdraw(shared: Shared, named: str | None, account: str, voters: tuple[str, ...]) -> None:
    """Vote on ACCOUNT no more. Do so once a vote was carried: it would count again as soon as things change."""
    _vote(shared, named, voters, lambda clients, engine: take_back(clients, engine, Address(account)))


@validator.command()
@click.argument("organisation")
@network_option
@shared_options
def key(shared: Shared, named: str | None, organisation: str) -> None:
    """Make the key that ORGANISATION's validator is to seal with next, and print its account: the others vote on that. geth."""
    with faults(shared):
        account = next_signer(own_folder(shared, named), organisation)
    shared.tell({"account": account}, account)


@validator.command()
@click.argument("organisation")
@network_option
@shared_options
def switch(shared: Shared, named: str | None, organisation: str) -> None:
    """Have ORGANISATION's validator seal with its next key, once the chain lets it; the key before is destroyed. geth."""
    with faults(shared):
        folder = own_folder(shared, named)
        network, account = read_network(folder), awaited_signer(folder, organisation)
        with validator_client(network, organisation) as rpc:
            may_seal = account.lower() in council(rpc, network.parameters.engine).validators
        if not may_seal:
            raise NotAMember(f"{account} may not seal yet: more than half of the validators have to propose it")
        before = validator_of(network, organisation).signer
        switch_signer(folder, organisation)
    old = before if before != account else "the one before"  # the plan named it already when a switch was cut off
    shared.tell(
        {"account": account, "before": before if before != account else None},
        f"{organisation} seals with {account} once started anew; then vote {old} out: `validator remove`",
    )


def _vote(
    shared: Shared, named: str | None, voters: tuple[str, ...], act: Callable[[list[RpcClient], Engine], Council]
) -> None:
    with faults(shared), ExitStack() as clients:
        network = read_network(own_folder(shared, named))
        found = act(
            [clients.enter_context(validator_client(network, voter)) for voter in voters], network.parameters.engine
        )
    _tell(shared, network, found)


def _tell(shared: Shared, network: Network, found: Council) -> None:
    names = {str(node.signer).lower(): node.seat.organisation.name for node in network.nodes if node.signer}
    lines = [f"{one}  {names.get(one, 'nobody of the plan')}" for one in found.validators]
    lines += [f"votes to {'let in' if add else 'remove'} {one}" for one, add in found.votes.items()]
    fields: dict[str, object] = {"validators": found.validators, "votes": found.votes}
    shared.tell(fields, "\n".join([f"{counted(len(found.validators), 'validator')}:", *lines]))


def validator_client(network: Network, organisation: str | None) -> RpcClient:
    """The validator of an organisation, or the first one; it answers its own machine alone. Raises NotAMember."""
    first = next((node.seat.organisation.name for node in network.nodes if node.signer), "nobody")
    url = validator_of(network, organisation or first).seat.url
    return PatientRpc(url, lambda: time.sleep(BACK_SECONDS))  # votes may be told twice


def own_folder(shared: Shared, named: str | None) -> Path:
    """The folder of the network that is meant."""
    return network_folder(shared.settings.data / "networks", named)


@contextmanager
def faults(shared: Shared) -> Iterator[None]:
    """Gives each fault its exit code."""
    try:
        yield
    except ChainError as fault:
        fail(str(fault), CHAIN_FAULT, kind=type(fault).__name__, as_json=shared.as_json)
    except NetworkFault as fault:
        fail(str(fault), USAGE, kind=type(fault).__name__, as_json=shared.as_json)
