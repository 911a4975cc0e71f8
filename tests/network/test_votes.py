"""Votes on validators, at nodes that answer as the engines' documentation has it.

council → validators and this node's votes, of both engines
vote → each voter proposes, by its engine's method; carried in time → withdrawn; not carried, or nobody waits → stays
├── it is so already → refused; a vote on it still stands → withdrawn, where one waits
└── a weakness that would follow → refused, or accepted by its name
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from node_api.chain.rpc import RpcClient
from node_api.domain.ids import Address
from node_api.network.faults import PlanRefused
from node_api.network.plan import Engine
from node_api.network.rules import EVEN_SIGNERS, NO_FAULT_TOLERATED
from node_api.network.votes import Ballot, Council, council, vote
from tests.network.besu_answers import Answers, answering

GETH, BESU = Engine.GETH_CLIQUE, Engine.BESU_QBFT
NAMES = {
    GETH: ("clique_getSigners", "clique_proposals", "clique_propose", "clique_discard"),
    BESU: (
        "qbft_getValidatorsByBlockNumber",
        "qbft_getPendingVotes",
        "qbft_proposeValidatorVote",
        "qbft_discardValidatorVote",
    ),
}
MEMBERS = [Address("0x" + letter * 40) for letter in "abcde"]
OTHER = Address("0x" + "F" * 40)


class Voter:
    """A node that notes what it is told."""

    def __init__(self, engine: Engine, validators: list[Address], votes: dict[str, object] | None = None) -> None:
        listed, pending, propose, discard = NAMES[engine]
        self.answers: Answers = {listed: validators, pending: votes or {}, propose: True, discard: True}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def asked(stack: ExitStack, *answers: Answers) -> tuple[list[RpcClient], list[list[str]]]:
    """Clients of nodes with these answers, and what each was asked to change."""
    clients, told = [], []
    for one in answers:
        heard: list[str] = []
        client = stack.enter_context(RpcClient(stack.enter_context(answering(one))))
        plain = client.call

        def call(method: str, params: object = (), plain=plain, heard=heard):  # type: ignore[no-untyped-def]
            if "ropose" in method or "iscard" in method:
                heard.append(f"{method} {params}")
            return plain(method, params)

        client.call = call  # type: ignore[method-assign]
        clients.append(client)
        told.append(heard)
    return clients, told


@pytest.mark.parametrize("engine", Engine)
def test_council__when_asked__then_validators_and_votes(stack: ExitStack, engine: Engine) -> None:
    ((one,), _) = asked(stack, Voter(engine, MEMBERS[::-1], {OTHER: True, MEMBERS[0]: False}).answers)
    assert council(one, engine) == Council(tuple(MEMBERS), {Address(OTHER.lower()): True, MEMBERS[0]: False})


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize("add", [True, False])
def test_vote__when_nobody_waits__then_each_proposes_and_the_votes_stay(
    stack: ExitStack, engine: Engine, add: bool
) -> None:
    account = OTHER if add else MEMBERS[0]
    voters, told = asked(stack, *(Voter(engine, MEMBERS).answers for _ in range(2)))
    vote(voters, engine, Ballot(account, add, (EVEN_SIGNERS,)))
    assert told == [[f"{NAMES[engine][2]} {[account.lower(), add]}"]] * 2


@pytest.mark.parametrize("engine", Engine)
def test_vote__when_it_is_carried_in_time__then_withdrawn(stack: ExitStack, engine: Engine) -> None:
    answers = Voter(engine, MEMBERS).answers
    voters, told = asked(stack, answers)
    plain = voters[0].call

    def carried(method: str, params: object = ()):  # type: ignore[no-untyped-def]
        if method == NAMES[engine][2]:
            answers[NAMES[engine][0]] = [*MEMBERS, OTHER]
        return plain(method, params)  # type: ignore[arg-type]

    voters[0].call = carried  # type: ignore[method-assign]
    found = vote(voters, engine, Ballot(OTHER, True, (EVEN_SIGNERS,)), seconds=30)
    assert OTHER.lower() in found.validators
    assert told == [[f"{NAMES[engine][2]} {[OTHER.lower(), True]}", f"{NAMES[engine][3]} {[OTHER.lower()]}"]]


def test_vote__when_it_is_not_carried_in_time__then_it_stays(stack: ExitStack) -> None:
    voters, told = asked(stack, Voter(GETH, MEMBERS).answers)
    assert OTHER.lower() not in vote(voters, GETH, Ballot(OTHER, True, (EVEN_SIGNERS,)), seconds=0.01).validators
    assert set(told[0]) == {f"clique_propose {[OTHER.lower(), True]}"}


@pytest.mark.parametrize(
    ("account", "add", "what"), [(MEMBERS[0], True, "a validator"), (OTHER, False, "no validator")]
)
def test_vote__when_it_is_so_already__then_refused(stack: ExitStack, account: Address, add: bool, what: str) -> None:
    voters, told = asked(stack, Voter(GETH, MEMBERS).answers)
    with pytest.raises(PlanRefused, match=f"is {what} already"):
        vote(voters, GETH, Ballot(account, add, (EVEN_SIGNERS,)))
    assert told == [[]]


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize("add", [True, False])
def test_vote__when_carried_and_cut_off_before_it_was_withdrawn__then_the_next_run_withdraws_it(
    stack: ExitStack, engine: Engine, add: bool
) -> None:
    account = MEMBERS[0] if add else OTHER
    left = Voter(engine, MEMBERS, {account: add})
    voters, told = asked(stack, Voter(engine, MEMBERS).answers, left.answers)
    vote(voters, engine, Ballot(account, add), seconds=30)
    assert told == [[f"{NAMES[engine][3]} {[account.lower()]}"]] * 2
    with pytest.raises(PlanRefused, match="already"):
        vote(voters, engine, Ballot(account, add))
    with pytest.raises(PlanRefused, match="already"):
        vote(voters[:1], engine, Ballot(account, add), seconds=30)
    assert len(told[0]) == 1


@pytest.mark.parametrize(
    ("engine", "count", "add", "weakness"),
    [
        (GETH, 5, True, EVEN_SIGNERS),
        (GETH, 5, False, EVEN_SIGNERS),
        (GETH, 4, False, None),
        (GETH, 3, False, NO_FAULT_TOLERATED),
        (BESU, 5, False, None),
        (BESU, 4, False, NO_FAULT_TOLERATED),
    ],
)
def test_vote__when_a_weakness_would_follow__then_refused_until_accepted(
    stack: ExitStack, engine: Engine, count: int, add: bool, weakness: str | None
) -> None:
    ballot = Ballot(OTHER if add else MEMBERS[0], add)
    voters, told = asked(stack, Voter(engine, MEMBERS[:count]).answers)
    if weakness is not None:
        with pytest.raises(PlanRefused, match=weakness):
            vote(voters, engine, ballot)
        assert told == [[]]
        ballot = Ballot(ballot.account, add, (EVEN_SIGNERS, NO_FAULT_TOLERATED))
    vote(voters, engine, ballot)
    assert len(told[0]) == 1
