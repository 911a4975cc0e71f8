"""Who comes and goes after block 0: the plan, the files that follow from it, and a validator's next key.

Block 0 stays what it is. Whether a new member's validator may seal is for the others to vote on (`node_api.network.votes`).
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path

from node_api.chain.durable import private_folder, sync_folder, write_whole
from node_api.domain.ids import Address
from node_api.network.checksums import drop_void
from node_api.network.create import held, node_of
from node_api.network.faults import NetworkFault, PlanDiffers
from node_api.network.files import all_files, read_network
from node_api.network.keys import SIGNER_FILE, SIGNER_PASSWORD_FILE, clique_signer, make_keys
from node_api.network.plan import Engine, Network, Node, Organisation, Role, seats
from node_api.network.rules import WEAKNESSES, require_sound

NEXT = "next"
"""Folder beside a validator's keys, with the one it is to seal with next."""
SWITCHING = "switching"
"""The same folder while that key is brought into use."""


class NotAMember(NetworkFault):
    """The network has no such organisation, or no such node of it."""


def admit(folder: Path, joining: tuple[Organisation, ...]) -> Network:
    """Takes organisations into the plan, makes their folders, and has everybody's nodes let theirs in; they do once started anew.

    Run again, it writes what is missing. Signatures of the list before are void: all sign the new one.

    Raises:
        PlanRefused: values break a rule, with the members that are there.
        PlanDiffers: a member has that name already, and is another.
        KeyFault: a key file that is there cannot be used.
    """
    with held(folder):
        network = read_network(folder)
        known = {one.name: one for one in network.organisations}
        for one in joining:
            there = known.get(one.name, one)
            if (there.title, there.host, there.roles, there.accounts) != (one.title, one.host, one.roles, one.accounts):
                raise PlanDiffers(
                    f"{one.name} is a member already, and another: dismiss it first, or take another name"
                )
        new = tuple(one for one in joining if one.name not in known)
        members = (*network.organisations, *new)
        require_sound(network.parameters, members, WEAKNESSES)
        engine = network.parameters.engine
        keys = {one.name: one.keys or make_keys(folder.resolve() / one.name, one, engine) for one in new}
        nodes = tuple(
            node_of(engine, seat, keys[seat.organisation.name]) for seat in seats(members) if seat.organisation in new
        )
        signers = network.signers_of_list | {name: own.account for name, own in keys.items()}
        changed = replace(network, nodes=(*network.nodes, *nodes), signers_of_list=signers)
        rewrite(folder, changed)
        return changed


def dismiss(folder: Path, name: str) -> Network:
    """Takes an organisation out of the plan, and has nobody's nodes let its own in any more; its folder stays.

    Raises:
        NotAMember: there is none of that name.
    """
    with held(folder):
        network = read_network(folder)
        if name not in network.signers_of_list:
            raise NotAMember(f"{network.parameters.name} has no organisation {name}")
        nodes = tuple(node for node in network.nodes if node.seat.organisation.name != name)
        signers = {one: account for one, account in network.signers_of_list.items() if one != name}
        changed = replace(network, nodes=nodes, signers_of_list=signers)
        rewrite(folder, changed)
        return changed


def next_signer(folder: Path, name: str) -> Address:
    """The account that the organisation's validator is to seal with next; made where it is not there yet. geth only.

    Raises:
        NotAMember: it has no validator that seals with an account of its own.
    """
    with held(folder):
        _require_signer(read_network(folder), name)
        place = folder.resolve() / name / Role.VALIDATOR
        return _awaited(place) or clique_signer(place / NEXT)


def awaited_signer(folder: Path, name: str) -> Address:
    """The account that `switch_signer` brings into use, or began to before it was cut off.

    Raises:
        NotAMember: there is none, or no such validator.
    """
    _require_signer(read_network(folder), name)
    account = _awaited(folder.resolve() / name / Role.VALIDATOR)
    if account is None:
        raise NotAMember(f"{name} has no next key: make it with `vouchertrail network validator key {name}`")
    return account


def switch_signer(folder: Path, name: str) -> Network:
    """Has the organisation's validator seal with the next account once it is started anew; the key before is destroyed.

    Cut off, it goes on where it was when it is run again: the folder `switching` is there until the plan names the account.

    Raises:
        NotAMember: there is no next one, or no such validator.
    """
    with held(folder):
        network, account = read_network(folder), awaited_signer(folder, name)
        place = folder.resolve() / name / Role.VALIDATOR
        if not (place / SWITCHING).exists():
            (place / NEXT).rename(place / SWITCHING)
        for path in (SIGNER_FILE, SIGNER_PASSWORD_FILE):  # the key first: `_awaited` looks where it is
            with contextlib.suppress(FileNotFoundError):
                (place / SWITCHING / path).replace(place / path)
            sync_folder((place / path).parent)
        changed = replace(
            network,
            nodes=tuple(
                replace(node, signer=account)
                if (node.seat.organisation.name, node.seat.role) == (name, Role.VALIDATOR)
                else node
                for node in network.nodes
            ),
        )
        rewrite(folder, changed)
        shutil.rmtree(place / SWITCHING)
        return changed


def validator_of(network: Network, organisation: str) -> Node:
    """The organisation's validator. Raises NotAMember."""
    for node in network.nodes:
        if (node.seat.organisation.name, node.seat.role) == (organisation, Role.VALIDATOR):
            return node
    raise NotAMember(f"{organisation} has no validator in {network.parameters.name}")


def _awaited(place: Path) -> Address | None:
    """The account of the next key, wherever a switch that was cut off left it."""
    for waiting in (place / SWITCHING, place / NEXT):
        if (waiting / SIGNER_FILE).exists():
            return clique_signer(waiting)
    return clique_signer(place) if (place / SWITCHING).exists() else None


def _require_signer(network: Network, name: str) -> None:
    sealing = {node.seat.organisation.name for node in network.nodes if node.seat.role is Role.VALIDATOR}
    if network.parameters.engine is not Engine.GETH_CLIQUE or name not in sealing:
        raise NotAMember(f"{name} has no validator that seals with an account of its own")


def rewrite(folder: Path, network: Network) -> None:
    """Brings every file that follows from the plan to what it says; `network.json` comes last, as the supervisor waits for it.

    Signatures of the list stay as long as it is the same.
    """
    files = {folder.resolve() / path: file for path, file in all_files(network).items()}
    for place, file in reversed(files.items()):
        content = file.content.encode()
        if not place.exists() or place.read_bytes() != content or place.stat().st_mode & 0o777 != file.mode:
            private_folder(place.parent)
            write_whole(place, [content], mode=file.mode)
    for holder in (folder, *(folder / name for name in network.signers_of_list)):
        drop_void(holder, network)
