"""The life of a voucher, told and checked on a real chain.

life
├── at the head, with what is kept ............... is what the tables say one by one
└── once the chain went on ....................... is told anew
trace
├── redeemed through the relayer ................. every step with actor and role; signature, commitment, contract agree
├── redeemed under a terminal's word ............. the terminal's word is checked, too
├── redeemed, the index was tampered with
│   ├── another digest ........................... no item has it
│   ├── another amount ........................... the commitment does not open
│   └── another holder ........................... the signature is not theirs
├── refused before ............................... the refusal is part of its life
├── never spent
│   ├── before its end ........................... LIVE
│   └── after it, swept .......................... EXPIRED, with the sweep
├── a holder that is a contract .................. signed by ERC-1271
├── after the state of its block is gone ......... what needs it cannot be checked
├── sent by something else than a direct call .... cannot be checked
└── no such voucher
    ├── no such place ............................ VoucherNotFound
    └── batch not issued to that roll ............ VoucherNotFound
"""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, update

from node_api.chain.ledger import Ledger
from node_api.chain.redeem_calls import RedeemCalls
from node_api.domain.errors import VoucherNotFound
from node_api.domain.ids import VoucherId
from node_api.domain.models import VoucherState
from node_api.domain.tracing import VoucherTrace
from node_api.services.lives import life
from node_api.services.tracing import trace
from node_api.storage import tables as t
from node_api.storage.reads import IndexReads
from tests.services.lives import told_the_same
from tests.storage.conftest import MakeDatabase, indexer_of
from tests.world import CHAIN_ID, ENDS_AT, STARTS_AT, World

SIGNED = "the holder signed exactly this"
OPENS = "the call's commitment opens to this redemption"
AGREES = "the contract says the same of state and holder"
TERMINAL = "the terminal answers for it"


def traced(world: World, engine: Engine, voucher: VoucherId, block: int | None = None) -> VoucherTrace:
    indexer_of(world, engine).catch_up()
    reads = IndexReads(engine)
    calls = RedeemCalls(world.rpc, CHAIN_ID, world.addresses["Vouchers"])
    with reads.at_head() if block is None else reads.at(block) as reader:
        return trace(reader, Ledger(world.rpc, world.addresses), calls, voucher)


def test_lives__of_all_vouchers__are_told_the_same_at_the_head(told: World, make_database: MakeDatabase) -> None:
    engine = make_database()
    indexer_of(told, engine).catch_up()
    assert told_the_same(told, engine)


def test_lives__once_the_chain_went_on__are_told_anew(world: World, engine: Engine) -> None:
    world.fund()
    world.issue()
    indexer, reads = indexer_of(world, engine), IndexReads(engine)
    calls = RedeemCalls(world.rpc, CHAIN_ID, world.addresses["Vouchers"])

    def steps() -> list[str]:
        indexer.catch_up()
        with reads.at_head() as reader:
            return [step.what for step in life(reader, calls, world.voucher(1, 1, 0)).steps]

    before = steps()
    assert steps() == before
    world.redeem_first_pair(STARTS_AT + 500)
    assert steps() == [*before, "redeemed"]
    world.settle_and_close()
    assert steps()[: len(before) + 1] == [*before, "redeemed"]
    assert "programme closed" in steps() or "merchant paid" in steps()


def answers(told: VoucherTrace) -> dict[str, bool | None]:
    return {finding.what: finding.good for finding in told.findings}


def test_trace__of_a_relayed_redemption__tells_every_step_and_agrees(told: World, engine: Engine) -> None:
    outcome = traced(told, engine, told.voucher(1, 1, 0))
    assert outcome.state is VoucherState.REDEEMED
    assert [(step.what, step.roles) for step in outcome.steps] == [
        ("programme drafted", ("TREASURER",)),
        ("programme proposed", ("TREASURER",)),
        ("programme approved", ("APPROVER",)),
        ("programme published", ("TREASURER",)),
        ("batch opened", ("TREASURER",)),
        ("roll written", ("TREASURER",)),
        ("issued", ("TREASURER",)),
        ("programme activated", ("TREASURER",)),
        ("redeemed", ("OPERATOR",)),
        ("merchant paid", ("APPROVER",)),
    ]
    assert outcome.custodial
    assert outcome.merchant is not None
    assert outcome.merchant.ref == "shop-1"
    assert outcome.receipt == f"0x{STARTS_AT + 100:064x}"
    assert answers(outcome) == {AGREES: True, SIGNED: True, OPENS: True}
    assert outcome.sound


def test_trace__under_a_terminals_word__checks_that_word(told: World, engine: Engine) -> None:
    outcome = traced(told, engine, told.voucher(3, 3, 3))
    assert answers(outcome) == {AGREES: True, SIGNED: True, TERMINAL: True, OPENS: True}


@pytest.mark.parametrize(
    ("column", "value", "failing"),
    [("digest", b"\x01" * 32, {SIGNED, OPENS}), ("amount", 4_999, {OPENS}), ("receipt", b"\x01" * 32, {SIGNED})],
)
def test_trace__of_a_tampered_redemption__says_what_does_not_agree(
    told: World, engine: Engine, column: str, value: object, failing: set[str]
) -> None:
    indexer_of(told, engine).catch_up()
    with engine.begin() as connection:
        connection.execute(update(t.redemptions).where(t.redemptions.c.number == 1).values({column: value}))
    outcome = traced(told, engine, told.voucher(1, 1, 0))
    assert {what for what, good in answers(outcome).items() if good is False} == failing
    assert not outcome.sound


def test_trace__with_another_holder_in_the_index__says_that_the_signature_is_not_theirs(
    told: World, engine: Engine
) -> None:
    indexer_of(told, engine).catch_up()
    places = t.roll_places
    with engine.begin() as connection:
        connection.execute(update(places).where(places.c.roll == 1, places.c.place == 0).values(holder=b"\x07" * 20))
    outcome = traced(told, engine, told.voucher(1, 1, 0))
    assert answers(outcome) == {AGREES: False, SIGNED: False, OPENS: True}


def test_trace__of_a_refused_and_unspent_voucher__tells_of_the_refusal(told: World, engine: Engine) -> None:
    outcome = traced(told, engine, told.voucher(1, 1, 2))
    assert outcome.state is VoucherState.EXPIRED
    assert outcome.steps[-1].what == "refused"
    assert outcome.steps[-1].details == {"merchant": "2", "reason": "MinimumSpendUnmet"}


def test_trace__of_a_swept_voucher__ends_with_the_sweep(told: World, engine: Engine) -> None:
    outcome = traced(told, engine, told.voucher(1, 2, 1))
    assert (outcome.state, outcome.steps[-1].what) == (VoucherState.EXPIRED, "expired and swept")
    assert outcome.valid_until == ENDS_AT
    assert not outcome.custodial
    assert answers(outcome) == {AGREES: True}


def test_trace__before_the_end__finds_the_voucher_live(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    with IndexReads(engine).at_head() as reader:
        done = reader.redemption(1)
    assert done is not None
    outcome = traced(told, engine, told.voucher(1, 1, 0), block=done.tx.block.number - 1)
    assert outcome.state is VoucherState.LIVE
    assert outcome.steps[-1].what == "programme activated"
    assert answers(outcome) == {AGREES: True}


def test_trace__of_a_contracts_voucher__finds_its_own_kind_of_signature(world: World, engine: Engine) -> None:
    world.contract_holder()
    world.fund()
    world.issue()
    world.redeem_for_contract(STARTS_AT + 100)
    outcome = traced(world, engine, world.voucher(1, 1, 3))
    assert answers(outcome) == {AGREES: True, SIGNED: True, OPENS: True}
    assert any("ERC-1271" in finding.detail for finding in outcome.findings)


def test_trace__after_the_state_is_gone__says_what_cannot_be_checked(world: World, engine: Engine) -> None:
    world.contract_holder()
    world.fund()
    world.issue()
    world.redeem_for_contract(STARTS_AT + 100)
    block = world.head()
    world.mine(600)
    at_its_block = traced(world, engine, world.voucher(1, 1, 3), block)
    assert answers(at_its_block) == {AGREES: None, SIGNED: None, OPENS: True}
    assert at_its_block.sound
    assert answers(traced(world, engine, world.voucher(1, 1, 3))) == {AGREES: True, SIGNED: None, OPENS: True}


def test_trace__of_a_call_through_another_contract__cannot_check_the_signature(world: World, engine: Engine) -> None:
    world.fund()
    world.issue()
    world.redeem_through_contract(STARTS_AT + 100)
    outcome = traced(world, engine, world.voucher(1, 1, 0))
    assert outcome.state is VoucherState.REDEEMED
    assert answers(outcome) == {AGREES: True, SIGNED: None, OPENS: True}
    assert outcome.sound


@pytest.mark.parametrize(
    ("batch", "roll", "place", "why"), [(1, 1, 4, "place"), (3, 1, 0, "place"), (9, 1, 0, "place")]
)
def test_trace__of_nothing__says_that_it_does_not_exist(
    told: World, engine: Engine, batch: int, roll: int, place: int, why: str
) -> None:
    with pytest.raises(VoucherNotFound, match=f"does not exist at block .*{why}"):
        traced(told, engine, told.voucher(batch, roll, place))


def test_trace__before_the_issue__says_that_the_batch_was_not_issued(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    with IndexReads(engine).at_head() as reader:
        issue = reader.issued(*told.pair(1, 1))
    assert issue is not None
    with pytest.raises(VoucherNotFound, match="batch 1 was not issued to roll 1"):
        traced(told, engine, told.voucher(1, 1, 0), block=issue.tx.block.number - 1)


def test_items__of_a_transaction_that_is_no_redeem__are_none(told: World) -> None:
    calls = RedeemCalls(told.rpc, CHAIN_ID, told.addresses["Vouchers"])
    assert calls.items(told.deployment.contracts["Vouchers"].transaction) is None  # type: ignore[arg-type]
    assert calls.items("0x" + 64 * "1") is None  # type: ignore[arg-type]
