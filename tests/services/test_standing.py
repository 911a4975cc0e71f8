"""Freezes, revocations and the emergency lane on a real chain, and what the index makes of them.

index
├── after each step, at every block .... each voucher's state and end are the contract's
├── a freeze ........................... lapses, is lifted, is confirmed; the appeal stands beside it
├── a pause ............................ gives its length back; a programme's own gives way to the network's
├── reconcile .......................... agrees, revoked value back on the line
└── trace .............................. tells all of it, and who did it
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from node_api.chain.keys import KeyRole
from node_api.chain.ledger import Ledger
from node_api.chain.redeem_calls import RedeemCalls
from node_api.chain.rpc_values import Json, data
from node_api.domain.freezes import Frozen, Subject
from node_api.domain.ids import Address, Amount, LineId, MerchantId, UnixSeconds, VoucherId, split_voucher
from node_api.domain.item_words import ItemGroup
from node_api.domain.items import Spend
from node_api.domain.models import VoucherState
from node_api.domain.standing import state_of, valid_until
from node_api.services.reconciling import reconcile
from node_api.services.tracing import trace
from node_api.storage.reads import IndexReader, IndexReads
from tests.services.lives import told_the_same
from tests.storage.conftest import indexer_of
from tests.world import CHAIN_ID, DAY, ENDS_AT, FACE_A, STARTS_AT, World

AUDITOR_ROLE = 6
NOW = STARTS_AT + 10 * DAY


class Standing(World):
    """The world with a second auditor, who is also the arbiter."""

    started = 0

    def auditors(self) -> None:
        self.send(KeyRole.ADMIN, "AccessManager", "grantRole", AUDITOR_ROLE, self.roles.address(KeyRole.ARBITER), 0)

    def freeze(self, subject: int, number: int, until: int, by: KeyRole = KeyRole.AUDITOR) -> None:
        self.send(by, "CaseDesk", "freeze", subject, number, until, "suspicion")

    def tell(self) -> Standing:
        """One of each, a day apart."""
        self.fund()
        self.auditors()
        self.issue()
        suspect, taken = self.voucher(1, 1, 1), self.voucher(1, 1, 2)
        holder = 1 << 160 | int(self.holder_addresses[3], 16)
        self.started = self.head()
        self.at(NOW)
        self.freeze(1, suspect, NOW + 5 * DAY)
        self.freeze(2, 2, NOW + DAY)
        self.freeze(4, holder, NOW + 3 * DAY)
        self.freeze(5, 2, NOW + 3 * DAY)
        self.send(KeyRole.OPERATOR, "CaseDesk", "appeal", 1, suspect, b"\x11" * 32)
        self.send(KeyRole.EMERGENCY, "ProgrammeRegistry", "widenChannels", 1, 2, NOW + 3 * DAY, "flood")
        self.send(KeyRole.EMERGENCY, "ProgrammeRegistry", "pause", 1, NOW + 4 * DAY, "flood")
        self.at(NOW + DAY)
        self.send(KeyRole.TREASURER, "Vouchers", "writeRoll", 1, "in the pause", 0, self.raw_holders(2))
        self.send(KeyRole.TREASURER, "Vouchers", "issue", [1], [4])
        self.send(KeyRole.EMERGENCY, "ProgrammeRegistry", "pauseAll", NOW + 3 * DAY, "worse")
        self.at(NOW + 2 * DAY)
        self.send(KeyRole.EMERGENCY, "ProgrammeRegistry", "resumeAll")
        self.send(KeyRole.ARBITER, "CaseDesk", "confirm", 1, suspect, "proved")
        self.send(KeyRole.AUDITOR, "CaseDesk", "lift", 5, 2, "unfounded")
        self.send(KeyRole.ARBITER, "CaseDesk", "confirm", 4, holder, "proved")
        self.send(KeyRole.AUDITOR, "CaseDesk", "revoke", [self.voucher(1, 1, 3)], "proved")
        self.redeem_taken(taken)
        self.at(ENDS_AT + DAY)
        self.mine()
        return self

    def redeem_taken(self, taken: VoucherId) -> None:
        now = NOW + 2 * DAY + 100
        item = self.sign(self.holders[2], (Spend(taken, Amount(FACE_A), 0),), 1, now)
        self.redeem([ItemGroup.of(MerchantId(1), (item,))], now)

    def raw_holders(self, count: int) -> bytes:
        return b"".join(bytes.fromhex(address[2:]) for address in self.holder_addresses[:count])

    def all_vouchers(self) -> list[VoucherId]:
        pairs = ((1, 1, 4), (1, 2, 2), (2, 2, 2), (2, 1, 4), (3, 3, 4), (1, 4, 2))
        return [self.voucher(batch, roll, place) for batch, roll, count in pairs for place in range(count)]


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    folder: Path = tmp_path_factory.mktemp("standing")
    world = Standing(folder / "chain")
    world.start()
    try:
        yield world.tell()
    finally:
        world.stop()


def until_on_chain(world: World, voucher: VoucherId, block: int) -> int:
    batch, roll, _ = split_voucher(voucher)
    call: Json = {
        "to": world.addresses["Vouchers"],
        "data": "0x" + world.encode("Vouchers", "validUntil", batch, roll).hex(),
    }
    return int.from_bytes(data(world.rpc.call("eth_call", [call, hex(block)])))


def test_index__at_every_block__agrees_with_the_contract(standing: Standing, engine: Engine) -> None:
    indexer_of(standing, engine).catch_up()
    ledger, reads, seen = Ledger(standing.rpc, standing.addresses), IndexReads(engine), set[VoucherState]()
    for block in range(standing.started, standing.head() + 1):
        with reads.at(block) as reader:
            for voucher in standing.all_vouchers():
                facts = reader.voucher(voucher)
                state, _ = ledger.voucher(voucher, reader.block)
                seen.add(state)
                assert (VoucherState.NONE if facts is None else state_of(facts, reader.block.timestamp)) == state
                if facts is not None and facts.issued and state is VoucherState.LIVE:
                    assert valid_until(facts) == until_on_chain(standing, voucher, block), (block, voucher)
    assert seen == {
        VoucherState.NONE,
        VoucherState.LIVE,
        VoucherState.REDEEMED,
        VoucherState.REVOKED,
        VoucherState.EXPIRED,
    }


def test_index__freezes__have_their_steps_and_ends(standing: Standing, engine: Engine) -> None:
    with head(standing, engine) as reader:
        kinds = {freeze.what.subject: [step.kind for step in freeze.steps] for freeze in reader.freezes()}
        holder = reader.freezes_of(Frozen(Subject.HOLDER, 1, Address(standing.holder_addresses[3].lower())))[0]
        facts = reader.voucher(standing.voucher(2, 1, 3))
        merchant = reader.merchant_by_ref("shop-2")
    assert kinds == {
        Subject.VOUCHER: ["frozen", "appealed", "confirmed"],
        Subject.ROLL: ["frozen"],
        Subject.HOLDER: ["frozen", "confirmed"],
        Subject.MERCHANT: ["frozen", "lifted"],
    }
    assert holder.confirmed
    assert holder.holds(UnixSeconds(2**40 - 2))
    assert facts is not None
    assert facts.frozen_until == holder.until
    assert merchant is not None
    assert merchant.frozen_until == 0


def test_reconcile__after_revocations__agrees(standing: Standing, engine: Engine) -> None:
    with head(standing, engine) as reader:
        outcome = reconcile(reader, Ledger(standing.rpc, standing.addresses))
        sums = reader.line_sums()
    assert outcome.differences == []
    line = sums[LineId(1 << 16 | 1)]
    assert (line.revoked, line.revoked_count) == (2 * FACE_A, 2)


def test_lives__of_all_vouchers__are_told_the_same_at_the_head(standing: Standing, engine: Engine) -> None:
    indexer_of(standing, engine).catch_up()
    assert told_the_same(standing, engine)


def test_trace__of_a_revoked_voucher__tells_who_froze_appealed_confirmed(standing: Standing, engine: Engine) -> None:
    with head(standing, engine) as reader:
        told = trace(
            reader,
            Ledger(standing.rpc, standing.addresses),
            RedeemCalls(standing.rpc, CHAIN_ID, standing.addresses["Vouchers"]),
            standing.voucher(1, 1, 1),
        )
    steps = [step.what for step in told.steps]
    wanted = ["frozen", "freeze appealed", "programme channels widened", "programme paused", "programme resumed"]
    assert [step for step in steps if step in wanted] == wanted
    assert steps[-3:] == ["network resumed", "freeze confirmed", "revoked"]
    frozen = next(step for step in told.steps if step.what == "frozen")
    assert frozen.actor.lower() == standing.roles.address(KeyRole.AUDITOR).lower()
    assert "AUDITOR" in frozen.roles
    assert told.state is VoucherState.REVOKED
    assert told.sound


@contextmanager
def head(world: World, engine: Engine) -> Iterator[IndexReader]:
    indexer_of(world, engine).catch_up()
    with IndexReads(engine).at_head() as reader:
        yield reader
