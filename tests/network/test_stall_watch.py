"""What ends a stall of Clique on branches of equal difficulty, and a node left behind, both provoked on three signers of geth.

three signers, one hangs, the other two have sealed a block each at its turn
├── without the watch: they wait for each other, joined as they are
└── with it: one of them is rewound by one block and follows the other; what was done is written down, and no transaction is lost
one is cut off and none dials it again → it stays behind without the watch; with it, it is started anew and has the others' blocks
one is rewound and nobody seals, as a watch that was killed leaves it → it has the blocks of the others, and all seal again
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from eth_account import Account

from bench.soak.cut import with_admin
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import text
from node_api.network.behind_watch import BehindWatch
from node_api.network.create import create_network
from node_api.network.plan import Network
from node_api.network.processes import running, start, stop
from node_api.network.stall_watch import StallWatch, stalls_ended
from node_api.network.standing import wait_until_up
from tests.network.conftest import SENDER_KEY, at_free_ports, parameters, validators
from tests.network.geth_control import PATIENCE, Signer, halt, hanging, seal_one, until

SECONDS_WITHOUT = 15.0
PATIENCE_OF_WATCH = 5.0


def lead_to_turn(signers: list[Signer]) -> Signer:
    """Has one signer seal a block right before its own turn, and nobody seal after it; returns that one."""
    halt(signers)
    ascending = sorted(signers, key=lambda one: one.account)
    before = signers[0].sealer()
    at_turn = ascending[(signers[0].head()[0] + 2) % 3]
    if at_turn.account == before:
        at_turn = ascending[(signers[0].head()[0] + 3) % 3]
        seal_one(next(one for one in ascending if one.account not in (at_turn.account, before)), signers)
    seal_one(at_turn, signers)
    return at_turn


def send(signer: Signer) -> str:
    """Sends a transaction to this node; returns its hash."""
    plain = {
        "nonce": 0,
        "gasPrice": 1,
        "gas": 21_000,
        "to": "0x" + "1" * 40,
        "value": 1,
        "chainId": parameters().chain_id,
    }
    return text(
        signer.rpc.call(
            "eth_sendRawTransaction", ["0x" + Account.sign_transaction(plain, SENDER_KEY).raw_transaction.hex()]
        )
    )


@contextmanager
def stall(folder: Path, signers: list[Signer]) -> Iterator[tuple[Signer, Signer, str]]:
    """Leads the three into a stall; yields the two that wait for each other, by name, and a transaction that the first alone has.

    At the turn of one that hangs, and that sealed the block before, both others may seal, and with the same difficulty.
    """
    at_turn = lead_to_turn(signers)
    one, other = sorted((signer for signer in signers if signer is not at_turn), key=lambda signer: signer.name)
    with hanging((running(folder) or {})[at_turn.name]):
        height = one.head()[0]
        one.part(other)
        sent = send(one)
        for signer in (one, other):
            signer.go_on()
        until(lambda: one.head()[0] == other.head()[0] == height + 1)
        one.join(other, folder)
        yield one, other, sent


def leave_half_done(one: Signer, other: Signer) -> int:
    """Rewinds one of two by a block, and neither seals: as if the watch had been killed meanwhile. Returns the other's height."""
    halt([one, other])
    height = one.head()[0]
    mover = one if one.account != one.sealer() else other
    mover.rpc.call("debug_setHead", [hex(height - 1)])
    assert mover.head()[0] == height - 1
    return height


def goes_on(network: Network, height: int) -> bool:
    """Whether all seal, and all have blocks above this one."""
    try:
        signers = [Signer(node) for node in network.nodes]
        return all(one.rpc.call("eth_mining") is True and one.head()[0] > height + 1 for one in signers)
    except ChainError:  # one is started anew
        return False


def see_going_on(folder: Path, network: Network, height: int) -> None:
    """Watches until all signers go on above this height."""
    watch = StallWatch(folder, network, 1.0)
    until(lambda: (watch.look(), goes_on(network, height))[1])


def see_left_behind(folder: Path, network: Network) -> None:
    """Has one node get no blocks while the others seal, and watches until it is as far as they are."""
    *others, cut = [Signer(node) for node in network.nodes]
    for other in others:
        cut.part(other)
        other.rpc.call("admin_addTrustedPeer", [cut.node.enode])  # it is let in, and does not come
    left = cut.head()[0]
    # where the one that is cut off sealed last, the others may both have sealed the next block, and wait for each other
    stalls = StallWatch(folder, network, PATIENCE_OF_WATCH)
    until(lambda: (stalls.look(), others[0].head()[0] > left + 15)[1])
    watch = BehindWatch(folder, network, PATIENCE_OF_WATCH)
    until(lambda: watch.look() == [cut.name])
    height = others[0].head()[0]
    until(lambda: goes_on(network, height))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_stall__when_provoked__then_it_stays_without_the_watch_and_ends_with_it(
    folder: Path, tmp_path: Path, geth: Path
) -> None:
    network = create_network(folder, parameters(), at_free_ports(validators(3)), ()).network
    try:
        start(folder, network, with_admin(geth, tmp_path), watch=False)
        wait_until_up(folder, network, PATIENCE)
        see_going_on(folder, network, 1)  # each may have sealed a first block before it knew the others
        at_start = len(stalls_ended(folder))
        with stall(folder, [Signer(node) for node in network.nodes]) as (one, other, sent):
            before = one.head(), other.head()
            assert before[0][1] != before[1][1]
            assert before[0][2] == before[1][2]
            time.sleep(SECONDS_WITHOUT)
            assert (one.head(), other.head()) == before
            until(StallWatch(folder, network, PATIENCE_OF_WATCH).look)
            until(lambda: one.head()[1] == other.head()[1] and one.head()[0] > before[0][0])
            until(lambda: all(signer.rpc.call("eth_getTransactionReceipt", [sent]) for signer in (one, other)))
        (ended,) = stalls_ended(folder)[at_start:]
        assert ended | {"at": 0} == {
            "at": 0,
            "mover": one.name,
            "to": other.name,
            "fork": before[0][0] - 1,
            "kept": before[1][1],
            "dropped": [{"number": before[0][0], "hash": before[0][1], "sealer": one.account}],
            "sent_again": 1,
            "followed": True,
        }
        height = leave_half_done(one, other)
        see_going_on(folder, network, height)
        see_left_behind(folder, network)
    finally:
        assert stop(folder)
