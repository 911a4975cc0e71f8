"""Who may seal blocks by now, and votes on it: each organisation votes at its own validator, more than half have to say the same.

Clique: https://geth.ethereum.org/docs/interacting-with-geth/rpc/ns-clique; Besu's QBFT:
https://besu.hyperledger.org/private-networks/reference/api#qbft-methods.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_values import Json, record, rows, text
from node_api.domain.ids import Address
from node_api.network.faults import PlanRefused, Refusal
from node_api.network.plan import Engine
from node_api.network.rules import of_count

_LIST = {
    Engine.GETH_CLIQUE: ("clique_getSigners", "clique_proposals"),
    Engine.BESU_QBFT: ("qbft_getValidatorsByBlockNumber", "qbft_getPendingVotes"),
}
_PROPOSE = {Engine.GETH_CLIQUE: "clique_propose", Engine.BESU_QBFT: "qbft_proposeValidatorVote"}
_DISCARD = {Engine.GETH_CLIQUE: "clique_discard", Engine.BESU_QBFT: "qbft_discardValidatorVote"}
_LOOK_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Council:
    """Who may seal, and what this node votes for.

    Attributes:
        validators: by the node's newest block, lower case, ascending.
        votes: of this node, account → whether it is to be let in; those that were carried stay until they are withdrawn.
    """

    validators: tuple[Address, ...]
    votes: dict[Address, bool]


@dataclass(frozen=True, slots=True)
class Ballot:
    """What is voted for.

    Attributes:
        account: that blocks are sealed with.
        add: whether it is to be let in, else removed.
        accepted: names of weaknesses that may follow.
    """

    account: Address
    add: bool
    accepted: tuple[str, ...] = ()


def council(rpc: RpcClient, engine: Engine) -> Council:
    """As the node that answers has it.

    Raises:
        ChainError: nobody answers, or the node does not serve these methods.
    """
    listed, pending = _LIST[engine]
    validators = rows(rpc.call(listed, ["latest"] if engine is Engine.BESU_QBFT else []))
    votes = record(rpc.call(pending))
    return Council(
        tuple(sorted(_account(one) for one in validators)),
        {_account(account): added is True for account, added in votes.items()},
    )


def vote(voters: Sequence[RpcClient], engine: Engine, ballot: Ballot, seconds: float = 0.0) -> Council:
    """Has these nodes vote, each with every block it seals; once the vote is carried within so long, withdraws these votes.

    Args:
        voters: organisations' own validators, one at least.
        engine: of the network.
        ballot: what they vote for.
        seconds: how long to wait at most; 0 waits for nothing, and withdraws nothing.

    Raises:
        PlanRefused: it is so already; or the others would tolerate no fault, or be an even number of signers.
        ChainError: one of them does not answer, or does not serve these methods.
    """
    now, account = council(voters[0], engine), _account(ballot.account)
    if ballot.add == (account in now.validators):
        if seconds and any(council(rpc, engine).votes.get(account) is ballot.add for rpc in voters):
            return withdraw(voters, engine, account)  # carried, and cut off before it was withdrawn
        what = f"is {'a' if ballot.add else 'no'} validator already"
        raise PlanRefused([Refusal(f"account {account}", what, "See `vouchertrail network validator list`.")])
    weak = of_count(engine, len(now.validators) + (1 if ballot.add else -1))
    refusals = [refusal for name, refusal in weak if name not in ballot.accepted]
    if refusals:
        raise PlanRefused(refusals)
    deadline = time.monotonic() + seconds
    while True:
        for rpc in voters:  # again and again: a node that is started anew meanwhile has forgotten it
            rpc.call(_PROPOSE[engine], [account, ballot.add])
        now = council(voters[0], engine)
        if ballot.add == (account in now.validators) or time.monotonic() >= deadline:
            break
        time.sleep(_LOOK_EVERY)
    return withdraw(voters, engine, account) if seconds and ballot.add == (account in now.validators) else now


def withdraw(voters: Sequence[RpcClient], engine: Engine, account: Address) -> Council:
    """Has these nodes vote no more on the account. Withdraw what was carried: it would count again once things change.

    Raises:
        ChainError: one of them does not answer, or does not serve these methods.
    """
    for rpc in voters:
        rpc.call(_DISCARD[engine], [_account(account)])
    return council(voters[0], engine)


def _account(value: Json) -> Address:
    return Address(text(value).lower())
