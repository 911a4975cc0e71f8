"""Redemptions above the step-up threshold, over HTTP, on a real chain.

at the threshold → needs no consent
above it
├── without a consent, with a stranger's, with one to another redemption → ConsentMissing, checked and redeemed alike
├── with the one the command gives → checked good, succeeded; the trace names the attestor and is sound
├── asked for again with its key → the same operation; with another consent → IdempotencyKeyReused
├── in one call with others → each by its own consent
├── by an open code → by the consent to what its holder signed
└── killed with one sent and one queued → each is done once, by its consent
the command
├── a digest that is none → wrong use
└── a key that is no attestor → AttestorUnknown
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from coincurve import PrivateKey

from node_api.__main__ import cli
from node_api.chain.eip712 import consent_digest, sign
from node_api.chain.keys import KeyRing, KeyRole
from node_api.cli.api_keys import keyring
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.domain.ids import Hash, MerchantId
from tests.api.conftest import Client, Json, Served, build_world, serving_world
from tests.api.processes import logged_times, serving_process, submit, wait_for
from tests.api.test_open_codes import presented
from tests.api.test_redeeming import assert_refused, code_for
from tests.world import BEIJING, CATERING, ENDS_AT, STARTS_AT, TRAVEL, World

PURSE = 6  # a batch of stored value
FACE, THRESHOLD = 500, 400


@pytest.fixture(scope="module")
def stepped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    rules = {"stepUpThreshold": THRESHOLD, "openSeconds": 120, "openMaxBill": 20_000}
    with serving_world(tmp_path_factory.mktemp("stepped"), **rules) as served:
        terms = (1, 1, 2, FACE, 0, 0, CATERING | TRAVEL, BEIJING, 1, STARTS_AT, ENDS_AT, 0, 1_000)
        served.world.send(KeyRole.TREASURER, "Vouchers", "openBatches", ["purse"], [terms])
        served.world.send(KeyRole.TREASURER, "Vouchers", "issue", [PURSE], [4])
        yield served


@pytest.fixture
def till(stepped: Served) -> Client:
    return stepped.client(ApiRole.MERCHANT, 1)


def code_of(served: Served, person: int, amount: int) -> Json:
    """A code for an amount of a person's stored value."""
    choice = {"voucher": served.voucher(PURSE, person), "amount": str(amount)}
    return code_for(served.client(ApiRole.WALLET), served, person, vouchers=[choice])


def body_of(code: Json, consent: str | None = None) -> Json:
    given = {} if consent is None else {"consent": consent}
    return {"code": code["code"], "receipt": code["receipt"], **given}


def consent_of(world: World, digest: str, key: PrivateKey | None = None) -> str:
    """The attestor's signature, or another key's."""
    attestor = PrivateKey(bytes(world.roles.account(KeyRole.ATTESTOR).key))
    return "0x" + sign(key or attestor, consent_digest(world.domain, Hash(digest))).hex()


def command(world: World, settings: Settings, data: Path, digest: str) -> Result:
    """`vouchertrail redemptions consent` with the key files of that folder."""
    environment = {
        "VOUCHERTRAIL_CHAIN_URL": world.rpc.url,
        "VOUCHERTRAIL_CHAIN_ID": str(world.handle.chain_id),
        "VOUCHERTRAIL_DEPLOYMENTS": str(settings.deployments_folder),
    }
    return CliRunner().invoke(cli, ["redemptions", "consent", digest, "--data", str(data), "--json"], env=environment)


def test_redeem__at_the_threshold__needs_no_consent(stepped: Served, till: Client) -> None:
    assert till.redeem(body_of(code_of(stepped, 0, THRESHOLD))).json()["state"] == "succeeded"


def test_redeem__above_the_threshold__wants_an_attestors_consent(stepped: Served, till: Client) -> None:
    code, world = code_of(stepped, 1, THRESHOLD + 1), stepped.world
    bad = (None, consent_of(world, code["digest"], PrivateKey()), consent_of(world, "0x" + "11" * 32), "0x12")
    for consent in bad:
        body = body_of(code, consent)
        checked = till.post("/v1/redemptions/check", body).json()
        problem = assert_refused(till.redeem(body), "ConsentMissing")
        assert checked["accepted"] is False
        assert checked["digest"] == code["digest"]
        for told in (checked["refusal"], problem):
            assert (told["reason"], told["value"]) == ("ConsentMissing", "amounts 401, threshold 400")

    given = json.loads(command(world, stepped.settings, stepped.settings.data, checked["digest"]).output)
    body = body_of(code, given["consent"])
    assert given["consent"] == consent_of(world, code["digest"])
    assert till.post("/v1/redemptions/check", body).json()["accepted"] is True
    answer = till.redeem(body, "step-up")

    assert answer.json()["state"] == "succeeded", answer.text
    assert till.redeem(body, "step-up").json() == answer.json()
    other = body_of(code, consent_of(world, code["digest"], PrivateKey()))
    assert_refused(till.redeem(other, "step-up"), "IdempotencyKeyReused")
    auditor = stepped.client(ApiRole.AUDITOR)
    told = auditor.get(f"/v1/audit/vouchers/{stepped.voucher(PURSE, 1)}/trace").json()
    assert told["sound"] is True, told["findings"]
    (step,) = [one for one in told["steps"] if one["what"] == "consented to"]
    assert step["actor"].lower() == given["attestor"].lower()
    assert (step["roles"], step["details"]) == (["ATTESTOR"], {"digest": code["digest"]})
    assert [one["what"] for one in told["steps"][-2:]] == ["consented to", "redeemed"]


def test_batch__of_redemptions_above_and_below__takes_each_by_its_own_consent(stepped: Served, till: Client) -> None:
    codes = [code_of(stepped, 2, 100), *(code_of(stepped, person, FACE) for person in (3, 4, 5))]
    first, second = (consent_of(stepped.world, code["digest"]) for code in codes[1:3])
    given = (None, first, second, first)

    items = [body_of(code, consent) for code, consent in zip(codes, given, strict=True)]
    done = till.post("/v1/redemptions/batch?wait=30", {"items": items}, "step-up-batch").json()["items"]

    assert [one["state"] for one in done] == ["succeeded", "succeeded", "succeeded", "refused"]
    assert done[3]["refusal"]["reason"] == "ConsentMissing"
    assert len({one["transaction"] for one in done[:3]}) == 1


def test_open_code__above_the_threshold__goes_by_what_its_holder_signed(stepped: Served, till: Client) -> None:
    choice = {"voucher": stepped.voucher(PURSE, 6), "amount": str(FACE)}
    wanted = {"programme": 1, "person": "person-6", "vouchers": [choice], "max_bill": 5_000}
    code = stepped.client(ApiRole.WALLET).post("/v1/wallet/codes", wanted).json()
    body = presented(stepped, code)
    assert_refused(till.redeem(body), "ConsentMissing")

    answer = till.redeem({**body, "consent": consent_of(stepped.world, code["digest"])})

    assert answer.json()["state"] == "succeeded", answer.text


def test_command__without_a_digest_or_the_role__says_so(stepped: Served, tmp_path: Path) -> None:
    bad = command(stepped.world, stepped.settings, stepped.settings.data, "0x12")
    assert (bad.exit_code, "a digest is 0x and 64" in bad.output) == (2, True)
    KeyRing(tmp_path / "keys").create_missing([KeyRole.ATTESTOR])
    stranger = command(stepped.world, stepped.settings, tmp_path, "0x" + "11" * 32)
    assert (stranger.exit_code, json.loads(stranger.output)["error"]) == (1, "AttestorUnknown")


def test_kill__one_sent_one_queued__each_is_done_once_by_its_consent(tmp_path: Path) -> None:
    world, settings = build_world(tmp_path, stepUpThreshold=THRESHOLD)
    with keyring(settings) as ring:
        tokens = {
            "wallet": ring.create(ApiRole.WALLET, "w")[1],
            "merchant": ring.create(ApiRole.MERCHANT, "m", MerchantId(1))[1],
        }
    try:
        world.rpc.call("evm_setAutomine", [False])
        with serving_process(world, settings) as (process, url):
            sent = submit(url, tokens, world, 0, lambda digest: consent_of(world, digest))
            transaction = wait_for(url, tokens, sent, "sent").items[0].transaction
            queued = submit(url, tokens, world, 1, lambda digest: consent_of(world, digest))
            process.kill()
            process.wait()
        world.rpc.call("anvil_dropTransaction", [transaction])
        world.rpc.call("evm_setAutomine", [True])

        with serving_process(world, settings) as (_, url):
            first, second = (wait_for(url, tokens, one, "succeeded").items[0] for one in (sent, queued))

        assert first.transaction == transaction != second.transaction
        assert logged_times(world, "VoucherRedeemed") == {world.voucher(4, 4, 0): 1, world.voucher(4, 4, 1): 1}
    finally:
        world.stop()
        world.rpc.close()
