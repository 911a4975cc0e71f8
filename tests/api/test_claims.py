"""Claims over HTTP, on a real chain.

POST /claims
├── when a custodial person claims: it should give a place, its vouchers, and show the claim wherever the voucher is shown
├── when a custodial person's claim comes by another key than a wallet's: it should refuse it, and the place stays free
├── when a holder with a key of their own claims: it should give a place in a roll that is not custodial
├── when the same key and body come again: it should answer with the same claim; with another body it should refuse it
├── when the person, or the address, has a place or waits for one: it should refuse it
├── when all places are taken: it should say ClaimsUsedUp, and nothing else
├── when the round has not begun, or the signature is another's: it should refuse it
├── when the round has a list: it should take those on it with their proof, and nobody else
└── when programme, round or form are wrong: it should say so
claims that many wait for
└── when they come to their end: it should read them together
a claim that the node accepted
└── when somebody else's relayer gave its place away meanwhile: it should end with the contract's refusal, and free its seat
GET /claims/{id}
└── when another owner asks: it should know nothing of it; an auditor reads it
GET /programmes/{programme}/rounds
└── it should tell places, those given and those left
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest
from coincurve import PrivateKey
from sqlalchemy import Engine, event

from node_api.chain.claim_calls import encode_claim
from node_api.chain.claim_lists import leaf, tree
from node_api.chain.eip712 import claim_digest, sign
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.roles import ROLE_IDS
from node_api.chain.wallet import CustodialWallet
from node_api.domain.access import ApiRole
from node_api.domain.claims import EVERYBODY, Claim
from node_api.domain.ids import Hash, ProgrammeId, UnixSeconds
from tests.api.conftest import Client, Json, Served
from tests.world import BEIJING, CATERING, ENDS_AT, STARTS_AT, World

PROGRAMME, REF = ProgrammeId(1), "programme-Meals"
_keys = itertools.count()


def open_round(
    served: Served, places: int, *, root: Hash = EVERYBODY, opens_at: int = STARTS_AT, batches: int = 1
) -> int:
    """A round of new batches; returns its number."""
    world, name = served.world, f"claims-{next(_keys)}"
    terms = (1, 1, 0, 100, 0, 0, CATERING, BEIJING, 1, STARTS_AT, ENDS_AT, 0, places)
    refs = [f"{name}-{number}" for number in range(batches)]
    world.send(KeyRole.TREASURER, "Vouchers", "openBatches", refs, [terms] * batches)
    newest = world.last_batch()
    round_terms = (places, opens_at, ENDS_AT, bytes.fromhex(root[2:]), list(range(newest - batches + 1, newest + 1)))
    world.send(KeyRole.TREASURER, "CaseDesk", "openRound", PROGRAMME, round_terms)
    return len(rounds_of(served))


def rounds_of(served: Served) -> list[Json]:
    found = served.client(ApiRole.AUDITOR).get(f"/v1/programmes/{REF}/rounds")
    assert found.status_code == 200, found.text
    rounds: list[Json] = found.json()["rounds"]
    return rounds


def claim(client: Client, body: Json, key: str | None = None, wait: int = 30) -> httpx.Response:
    return client.post(f"/v1/claims?wait={wait}", body, key or f"claim-{next(_keys)}")


def for_person(number: int, person: str, **more: object) -> Json:
    return {"programme": REF, "round": number, "person": person, **more}


def own_claim(served: Served, number: int, key: PrivateKey, nullifier: Hash, deadline: int = ENDS_AT) -> Claim:
    unsigned = Claim(
        PROGRAMME,
        number,
        served.world.address_of(key),
        nullifier,
        UnixSeconds(deadline),
        b"",
        EVERYBODY,
        (),
        custodial=False,
    )
    return unsigned.signed(sign(key, claim_digest(served.world.domain, unsigned)))


def own_body(made: Claim) -> Json:
    said = {
        "holder": made.holder,
        "nullifier": made.nullifier,
        "deadline": str(made.deadline),
        "signature": "0x" + made.signature.hex(),
    }
    return {"programme": made.programme, "round": made.number, "claim": said}


def refused(answer: httpx.Response, reason: str, status: int = 422) -> Json:
    found: Json = answer.json()
    assert (answer.status_code, found.get("reason")) == (status, reason), answer.text
    return found


def test_claims__that_many_wait_for__are_read_together(served: Served, wallet: Client) -> None:
    number, read = open_round(served, 40), list[int]()

    def note(_1: object, _2: object, statement: str, ids: Sequence[object], *_: object) -> None:
        if statement.startswith("SELECT") and "WHERE claims.id" in statement:
            read.append(len(ids))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with ThreadPoolExecutor(40) as pool:
            asked = [for_person(number, f"together-{person}") for person in range(40)]
            answers = list(pool.map(lambda body: claim(wallet, body), asked))
    finally:
        event.remove(Engine, "before_cursor_execute", note)

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["state"] for answer in answers} == {"succeeded"}
    assert len({answer.json()["id"] for answer in answers}) == 40
    assert max(read) >= 10, read  # each of them wakes whom its roll gave a place, all at once


def test_claim__of_a_custodial_person__gives_a_place(served: Served, wallet: Client) -> None:
    number = open_round(served, 5, batches=2)

    done = claim(wallet, for_person(number, "claimer-0"))

    assert done.status_code == 200, done.text
    told = done.json()
    assert (told["state"], told["custodial"], told["round"]) == ("succeeded", True, number)
    assert [change["state"] for change in told["history"]] == ["received", "queued", "sent", "succeeded"]
    assert len(told["place"]["vouchers"]) == 2
    assert wallet.get(f"/v1/claims/{told['id']}").json() == told
    (voucher, _) = told["place"]["vouchers"]
    shown = wallet.get(f"/v1/vouchers/{voucher}").json()
    assert (shown["state"], shown["holder"].lower()) == ("LIVE", told["holder"].lower())
    trace = served.client(ApiRole.AUDITOR).get(f"/v1/audit/vouchers/{voucher}/trace").json()
    steps = {step["what"]: step for step in trace["steps"]}
    assert steps["place claimed"]["details"] == {"round": str(number), "nullifier": told["nullifier"]}
    (found,) = [one for one in rounds_of(served) if one["round"] == number]
    assert (found["places"], found["given"], found["left"], found["root"]) == (5, 1, 4, None)


def test_claim__for_a_person__is_for_the_wallets_key_alone(served: Served, operator: Client, wallet: Client) -> None:
    number = open_round(served, 1)
    refused(claim(operator, for_person(number, "asked-nobody")), "RoleNotAllowed", 403)
    assert claim(wallet, for_person(number, "asked-nobody")).status_code == 200


def test_claim__by_an_own_key__gives_a_place(served: Served, operator: Client, wallet: Client) -> None:
    number, key = open_round(served, 5), PrivateKey()
    told = wallet.post("/v1/wallet/nullifiers", {"programme": REF, "person": "device-1"})
    nullifier = told.json()["nullifier"]

    done = claim(operator, own_body(own_claim(served, number, key, Hash(nullifier))))

    assert done.status_code == 200, done.text
    assert done.json()["custodial"] is False
    roll = done.json()["place"]["roll"]
    assert int.from_bytes(served.world.ask("rollWord", roll)) >> 80 & 0xFF == 1


def test_claim__with_the_same_key__is_the_same_claim(served: Served, wallet: Client) -> None:
    number = open_round(served, 5)
    first = claim(wallet, for_person(number, "claimer-1"), "same")

    assert claim(wallet, for_person(number, "claimer-1"), "same").json() == first.json()
    refused(claim(wallet, for_person(number, "claimer-2"), "same"), "IdempotencyKeyReused")


def test_claim__of_somebody_who_has_a_place__is_refused(served: Served, wallet: Client) -> None:
    number = open_round(served, 5)
    accepted = claim(wallet, for_person(number, "claimer-3"), wait=0)
    assert accepted.status_code == 202

    refused(claim(wallet, for_person(number, "claimer-3")), "NullifierUsed")  # it waits
    key = PrivateKey()
    made = own_claim(served, number, key, Hash("0x" + "11" * 32))
    assert claim(wallet, own_body(made)).status_code == 200
    refused(claim(wallet, own_body(made)), "NullifierUsed")  # it has one
    refused(claim(wallet, own_body(own_claim(served, number, key, Hash("0x" + "12" * 32)))), "HolderClaimed")


def test_claim__behind_the_last_place__is_told_so(served: Served, wallet: Client) -> None:
    number = open_round(served, 2)
    answers = [claim(wallet, for_person(number, f"late-{person}"), wait=0) for person in range(4)]

    assert [answer.status_code for answer in answers] == [202, 202, 422, 422]
    told = refused(answers[2], "ClaimsUsedUp")
    assert told["operation"].startswith("cl_")
    assert claim(wallet, for_person(number, "late-0"), wait=30).status_code == 422  # a place of its own waits


def test_claim__that_breaks_a_rule__names_it(served: Served, wallet: Client) -> None:
    number = open_round(served, 2, opens_at=ENDS_AT - 10)
    refused(claim(wallet, for_person(number, "early")), "RoundNotBegun")
    now = open_round(served, 2)
    made = own_claim(served, now, PrivateKey(), Hash("0x" + "21" * 32))
    refused(claim(wallet, own_body(replace(made, nullifier=Hash("0x" + "22" * 32)))), "ClaimSignatureInvalid")
    late = own_claim(served, now, PrivateKey(), Hash("0x" + "23" * 32), deadline=STARTS_AT)
    refused(claim(wallet, own_body(late)), "ClaimDeadlinePassed")


def test_claim__in_a_round_with_a_list__needs_a_proof(served: Served, wallet: Client) -> None:
    keys = CustodialWallet(KeyRing(served.settings.data / "keys").unsafe_wallet_master())
    people = [f"listed-{number}" for number in range(5)]
    tags = [(keys.nullifier(REF, who), keys.salt(REF, who)) for who in people]
    root, proofs = tree([leaf(PROGRAMME, *tag) for tag in tags])
    raw = bytes.fromhex(root[2:])
    served.world.send(KeyRole.REGISTRAR, "CaseDesk", "proposeRoot", PROGRAMME, raw, "residents")
    served.world.send(KeyRole.APPROVER, "CaseDesk", "approveRoot", PROGRAMME, raw)
    number = open_round(served, 3, root=root)

    refused(claim(wallet, for_person(number, "listed-0")), "NotEligible")
    refused(claim(wallet, for_person(number, "stranger", proof=list(proofs[0]))), "NotEligible")
    assert claim(wallet, for_person(number, "listed-0", proof=list(proofs[0]))).status_code == 200
    made = own_claim(served, number, PrivateKey(), tags[4][0])
    body = {**own_body(made), "salt": tags[4][1], "proof": list(proofs[4])}
    assert claim(wallet, body).status_code == 200


@pytest.mark.parametrize(
    ("body", "reason", "status"),
    [
        ({"programme": "nothing", "round": 1, "person": "p"}, "ProgrammeUnknown", 404),
        ({"programme": REF, "round": 999, "person": "p"}, "RoundUnknown", 404),
        ({"programme": REF, "round": 1}, "RequestInvalid", 400),
        ({"programme": REF, "round": 0, "person": "p"}, "RequestInvalid", 400),
    ],
)
def test_claim__of_something_unknown__says_so(wallet: Client, body: Json, reason: str, status: int) -> None:
    refused(claim(wallet, body), reason, status)


def test_claim__whose_place_another_relayer_gave_away__ends_refused(served: Served, wallet: Client) -> None:
    number = open_round(served, 1)
    accepted = claim(wallet, for_person(number, "outrun"), wait=0)
    assert accepted.status_code == 202
    rival = own_claim(served, number, PrivateKey(), Hash("0x" + "31" * 32))
    claim_beside_the_node(served.world, rival)

    done = claim(wallet, for_person(number, "outrun"), "again", wait=0)
    refused(done, "ClaimsUsedUp")
    for _ in range(60):
        told = wallet.get(f"/v1/claims/{accepted.json()['id']}").json()
        if told["state"] == "refused":
            break
        time.sleep(0.1)
    assert (told["refusal"]["reason"], told["refusal"]["on_chain"]) == ("ClaimsUsedUp", True)
    assert told["transaction"] is not None


def claim_beside_the_node(world: World, rival: Claim) -> None:
    """Has ARBITER, a relayer for just that long, gather a claim that the node knows nothing of."""
    relayer = world.roles.address(KeyRole.ARBITER)
    world.send(KeyRole.ADMIN, "AccessManager", "grantRole", ROLE_IDS[KeyRole.OPERATOR], relayer, 0)
    world.send(KeyRole.ARBITER, "Vouchers", "syncRelayer", relayer)
    world.senders[KeyRole.ARBITER].transact(world.addresses["CaseDesk"], encode_claim([rival]), what="claim")
    world.send(KeyRole.ADMIN, "AccessManager", "revokeRole", ROLE_IDS[KeyRole.OPERATOR], relayer)
    world.send(KeyRole.ARBITER, "Vouchers", "syncRelayer", relayer)


def test_read_claim__by_others__is_for_those_who_may(served: Served, wallet: Client) -> None:
    number = open_round(served, 1)
    told = claim(wallet, for_person(number, "read")).json()

    refused(served.client(ApiRole.WALLET).get(f"/v1/claims/{told['id']}"), "ClaimUnknown", 404)
    assert served.client(ApiRole.AUDITOR).get(f"/v1/claims/{told['id']}").json() == told
    refused(wallet.get("/v1/claims/cl_unknown"), "ClaimUnknown", 404)
