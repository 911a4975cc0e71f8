"""Rules of a plan. What breaks one is refused, with the remedy; a weakness can be accepted by its name, and is recorded."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from node_api.network.faults import PlanRefused, Refusal
from node_api.network.plan import SHARED, Engine, Organisation, Parameters, Role, Seat, as_ip, is_loopback, seats

NAME_PATTERN = r"[a-z][a-z0-9-]{0,29}"
_HOST_PATTERN = r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
BLOCK_TIMES = (1, 60)
GAS_LIMITS = (30_000_000, 2**53 - 1)
PORTS = (1024, 65535)
_PUBLIC_CHAINS = (1, 10, 56, 100, 137, 8453, 17000, 42161, 43114, 59144, 11155111)

NO_FAULT_TOLERATED = "no-fault-tolerated"
EVEN_SIGNERS = "even-signers"
WEAKNESSES = (NO_FAULT_TOLERATED, EVEN_SIGNERS)


def require_sound(
    parameters: Parameters, organisations: tuple[Organisation, ...], accepted: Collection[str]
) -> tuple[str, ...]:
    """Checks every rule.

    Returns: names of the weaknesses the plan has and that were accepted.

    Raises:
        PlanRefused: with every value that breaks a rule.
    """
    weak = dict(of_count(parameters.engine, sum(Role.VALIDATOR in one.roles for one in organisations)))
    refusals = [
        *_of_parameters(parameters),
        *_of_organisations(parameters.engine, organisations),
        *_of_keys(parameters.engine, organisations),
        *_of_addresses(parameters.engine, seats(organisations)),
        *(refusal for one in organisations for refusal in _of_rpc(parameters.engine, one)),
        *(refusal for name, refusal in weak.items() if name not in accepted),
    ]
    if refusals:
        raise PlanRefused(refusals)
    return tuple(weak)


def _of_parameters(parameters: Parameters) -> Iterator[Refusal]:
    if not re.fullmatch(NAME_PATTERN, parameters.name):
        yield _bad_name("network", parameters.name)
    for what, value, (least, most), remedy in (
        ("block time", parameters.block_time, BLOCK_TIMES, "One or two seconds are usual."),
        ("gas limit", parameters.gas_limit, GAS_LIMITS, "500000000 is the default."),
        ("chain id", parameters.chain_id, (1, 2**53 - 1), "Take a number of your own."),
    ):
        if not least <= value <= most:
            yield Refusal(f"{what} {value}", f"must be from {least:,} to {most:,}", remedy)
    if parameters.chain_id in _PUBLIC_CHAINS:
        yield Refusal(
            f"chain id {parameters.chain_id}",
            "is a public chain's, whose transactions could be sent here again",
            "Take a number of your own.",
        )


def _of_organisations(engine: Engine, organisations: tuple[Organisation, ...]) -> Iterator[Refusal]:
    names = [one.name for one in organisations]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Refusal(f"organisation {name}", "must be there once", "Put all its roles into one entry.")
    for one in organisations:
        if not re.fullmatch(NAME_PATTERN, one.name) or one.name == SHARED:
            yield _bad_name("organisation", one.name)
        if not one.roles or len(set(one.roles)) < len(one.roles):
            yield Refusal(
                f"roles of {one.name}",
                "must be validator, observer, or each once",
                "A body that runs two validators weakens what the others can rely on.",
            )
    if not any(Role.VALIDATOR in one.roles for one in organisations):
        yield Refusal("validators 0", "somebody must make blocks", 'Give organisations the role "validator".')
    if engine is Engine.BESU_QBFT and not any(one.accounts for one in organisations):
        yield Refusal(
            "accounts 0",
            "Besu takes transactions only from accounts of the allow-list",
            "Name those of each organisation as `accounts`; `vouchertrail keys list` shows a node's.",
        )


def _of_keys(engine: Engine, organisations: tuple[Organisation, ...]) -> Iterator[Refusal]:
    """Rules of public keys that organisations hand in."""
    seen: dict[str, str] = {}
    for one in organisations:
        if one.keys is None:
            continue
        sealing = engine is Engine.GETH_CLIQUE and Role.VALIDATOR in one.roles
        lacking = [role for role in one.roles if role not in one.keys.nodes] + ["signer"] * (
            sealing and one.keys.signer is None
        )
        if lacking:
            yield Refusal(
                f"keys of {one.name}",
                f"lack {', '.join(lacking)}",
                "Give all that `vouchertrail network keys` prints there, or leave the table out, and keys are made here.",
            )
        for key in (one.keys.account, *one.keys.nodes.values(), *filter(None, [one.keys.signer])):
            if (other := seen.setdefault(key, one.name)) != one.name:
                yield Refusal(
                    f"key {key[:16]}… of {one.name}", f"is {other}'s, too", "Each organisation has keys of its own."
                )


def _of_addresses(engine: Engine, places: tuple[Seat, ...]) -> Iterator[Refusal]:
    hosts = {seat.organisation.host for seat in places}
    for host in sorted(hosts):
        address = as_ip(host)
        if address.is_unspecified if address else not re.fullmatch(_HOST_PATTERN, host):
            yield Refusal(
                f"host {host}", "must be an IP address or a name that the others reach", "Give the host's own."
            )
    if len({is_loopback(host) for host in hosts}) > 1:
        yield Refusal(
            f"hosts {', '.join(sorted(hosts))}",
            "nodes on loopback cannot be reached from other machines",
            "Give every organisation its host's address, or all of them 127.0.0.1.",
        )
    yield from _of_ports(engine, places)


def _of_ports(engine: Engine, places: tuple[Seat, ...]) -> Iterator[Refusal]:
    taken: dict[tuple[str, int], str] = {}
    for seat in places:
        ports = {"P2P": seat.p2p_port, "RPC": seat.rpc_port}
        if engine is Engine.GETH_CLIQUE:
            ports["engine API"] = seat.auth_port
        for what, port in ports.items():
            mine = f"{what} of {seat.name}"
            if not PORTS[0] <= port <= PORTS[1]:
                yield Refusal(f"port {port}, {mine}", f"must be from {PORTS[0]} to {PORTS[1]}", "Take another one.")
            elif (other := taken.setdefault((seat.organisation.host, port), mine)) != mine:
                yield Refusal(
                    f"port {port}, {mine}",
                    f"is taken at {seat.organisation.host}: {other}",
                    "Leave `p2p_port` and `rpc_port` out, and they are counted up at each host.",
                )


def _of_rpc(engine: Engine, one: Organisation) -> Iterator[Refusal]:
    if is_loopback(one.rpc_host):
        return
    value = f"rpc_host {one.rpc_host} of {one.name}"
    if Role.OBSERVER not in one.roles:
        yield Refusal(
            value,
            "a validator answers its own machine only",
            'Give the organisation the role "observer", too: that one may answer others.',
        )
    elif engine is Engine.GETH_CLIQUE:
        yield Refusal(
            value,
            "others could call it, and geth does not ask callers who they are",
            "Leave it on 127.0.0.1, behind `vouchertrail network gateway`, which does.",
        )
    elif one.rpc_jwt is None:
        yield Refusal(
            value,
            "others could call it, and nothing asks them who they are",
            "Name the public key file of its callers' tokens as `rpc_jwt`, or leave it on 127.0.0.1.",
        )


def of_count(engine: Engine, count: int) -> Iterator[tuple[str, Refusal]]:
    """Weaknesses of so many validators, by name."""
    qbft = engine is Engine.BESU_QBFT
    needed, enough = (4, "more than two thirds") if qbft else (3, "more than half")
    if 0 < count < needed:
        yield (
            NO_FAULT_TOLERATED,
            Refusal(
                f"validators {count}",
                f"{'QBFT' if qbft else 'Clique'} needs {enough} of them for a block, so {count} tolerate no fault: "
                "with one down there are no blocks",
                f"Take {needed if qbft else 5} or more, or accept it: --accept {NO_FAULT_TOLERATED}.",
            ),
        )
    if not qbft and count and count % 2 == 0:
        yield (
            EVEN_SIGNERS,
            Refusal(
                f"signers {count}",
                "an even number of Clique signers can stall on two branches of equal difficulty",
                f"Take an odd number, or accept it: --accept {EVEN_SIGNERS}.",
            ),
        )


def _bad_name(what: str, name: str) -> Refusal:
    return Refusal(
        f"{what} {name!r}",
        f"a name has 1 to 30 small letters, digits and dashes, a letter first, and is not {SHARED}",
        "Take such a name.",
    )
