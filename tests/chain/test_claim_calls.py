"""Claims on the wire, and the lists behind them.

claim_digest
└── it should be what eth-account signs for the published types
tree
├── for any number of people: every proof should lead to the root, and a foreign leaf should not
├── it should not depend on the order of people
└── it should keep what stands beside many once: a city has a million people
read_claim_verdicts
├── when some were refused: it should give the others their places in order
├── when all were refused: it should give no place
└── when the logs tell of another number: it should not guess
encode_claim
└── its size should be what the lane counts with
"""

from __future__ import annotations

import tracemalloc

import pytest
from coincurve import PrivateKey
from eth_account import Account
from eth_account.messages import encode_typed_data

from node_api.chain.claim_calls import ClaimRelayer, encode_claim, read_claim_verdicts
from node_api.chain.claim_lists import leaf, root_of, tree
from node_api.chain.contracts import contract
from node_api.chain.eip712 import NAME, TYPES, VERSION, claim_digest, domain_separator, sign
from node_api.chain.redeem import Relayer
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcProtocolError
from node_api.chain.rpc_values import Json
from node_api.domain.claims import Claim, Seated, Unseated
from node_api.domain.ids import Address, Hash, Place, ProgrammeId, RollId, UnixSeconds

CONTRACT = Address("0x" + "c0" * 20)
PROGRAMME = ProgrammeId(7)
TOPICS = contract("CaseDesk").topics


def word(number: int) -> Hash:
    return Hash(f"0x{number:064x}")


def claim(proof: int = 0) -> Claim:
    beside = tuple(word(number) for number in range(proof))
    who = Address("0x" + "11" * 20)
    return Claim(PROGRAMME, 2, who, word(5), UnixSeconds(2**255), bytes(65), word(6), beside, custodial=True)


def refused(index: int, reason: str) -> Json:
    selector = next(raw for raw, error in contract("CaseDesk").errors.items() if error.name == f"CaseDesk_{reason}")
    body = index.to_bytes(32) + bytes(32) + selector + bytes(28)
    return log("ClaimRefused", [7, 2], body)


def log(event: str, indexed: list[int], body: bytes) -> Json:
    topics: list[Json] = ["0x" + TOPICS[event].hex(), *(word(number) for number in indexed)]
    return {"address": CONTRACT, "topics": topics, "data": "0x" + body.hex()}


def test_claim_digest__of_any_claim__is_what_wallets_sign() -> None:
    key, made = PrivateKey(), claim()
    domain = {"name": NAME, "version": VERSION, "chainId": 31373, "verifyingContract": CONTRACT}
    message = {
        "programme": made.programme,
        "round": made.number,
        "holder": made.holder,
        "nullifier": bytes.fromhex(made.nullifier[2:]),
        "deadline": made.deadline,
    }
    document = encode_typed_data(
        full_message={
            "domain": domain,
            "primaryType": "Claim",
            "types": {name: TYPES[name] for name in ("EIP712Domain", "Claim")},
            "message": message,
        }
    )

    ours = sign(key, claim_digest(domain_separator(31373, CONTRACT), made))

    assert ours == bytes(Account.from_key(key.secret).sign_message(document).signature)


@pytest.mark.parametrize("people", [1, 2, 3, 5, 8, 13])
def test_tree__of_any_size__proves_everybody_and_nobody_else(people: int) -> None:
    leaves = [leaf(PROGRAMME, word(number), word(number + 100)) for number in range(people)]
    root, proofs = tree(leaves)

    assert all(root_of(start, proof) == root for start, proof in zip(leaves, proofs, strict=True))
    stranger = leaf(PROGRAMME, word(0), word(101))
    assert all(root_of(stranger, proof) != root for proof in proofs)
    assert tree(leaves[::-1])[0] == root


def test_tree__of_a_town__takes_a_few_hundred_bytes_a_person() -> None:
    people = 1 << 13
    leaves = [leaf(PROGRAMME, word(number), word(number + people)) for number in range(people)]
    tracemalloc.start()
    try:
        root, proofs = tree(leaves)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert root_of(leaves[7], proofs[7]) == root
    assert peak < 800 * people, f"{peak // people} bytes a person"


def test_tree__of_nobody__is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        tree([])


def test_verdicts__some_refused__give_the_others_places_in_order() -> None:
    rolled = log("ClaimRolled", [7, 2, 9], (2).to_bytes(32))
    logs = [refused(0, "NullifierUsed"), refused(2, "ClaimsUsedUp"), rolled]

    assert read_claim_verdicts(logs, CONTRACT, 4) == [
        Unseated("NullifierUsed"),
        Seated(RollId(9), Place(0)),
        Unseated("ClaimsUsedUp"),
        Seated(RollId(9), Place(1)),
    ]


def test_verdicts__all_refused__give_no_place() -> None:
    assert read_claim_verdicts([refused(0, "RoundOver")], CONTRACT, 1) == [Unseated("RoundOver")]


@pytest.mark.parametrize("count", [1, 4])
def test_verdicts__of_another_number__are_not_guessed(count: int) -> None:
    logs = [refused(0, "RoundOver"), log("ClaimRolled", [7, 2, 9], (1).to_bytes(32))]

    with pytest.raises(RpcProtocolError):
        read_claim_verdicts(logs, CONTRACT, count)


@pytest.mark.parametrize("proof", [0, 13])
def test_encode__one_more_claim__takes_what_the_lane_counts(proof: int) -> None:
    relayer = ClaimRelayer(Relayer(RpcClient("http://127.0.0.1:1"), Account.create(), 1, CONTRACT), CONTRACT)
    one, two = encode_claim([claim(proof)]), encode_claim([claim(proof), claim(proof)])

    assert len(two) - len(one) == relayer.size(claim(proof))
